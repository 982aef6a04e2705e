//! What became of a step.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use runner::State;
use sundown_python::exceptions::{RuntimePanic, ShutdownError};

pyo3::create_exception!(sundown_demo, WorkflowError, PyException, "A step of a workflow failed.");

/// A step that has ended.
#[derive(Clone)]
#[pyclass(frozen, get_all, module = "sundown_demo")]
pub(super) struct Job {
    /// The number of its row.
    id: i64,
    kind: &'static str,
    state: &'static str,
    /// What there is to say of the end.
    note: String,
}

#[pymethods]
impl Job {
    fn __repr__(&self) -> String {
        format!("<Job {}: {}, {}, {:?}>", self.id, self.kind, self.state, self.note)
    }
}

impl Job {
    /// A job whose state is final. An error if it is not done.
    pub(super) fn ended(kind: &'static str, job: runner::Job) -> PyResult<Self> {
        let name = format!("step `{kind}` (job {})", job.id);
        match (job.state, job.note.strip_prefix("panicked: ")) {
            (State::Done, _) => Ok(Job { id: job.id, kind, state: job.state.as_str(), note: job.note }),
            (State::Failed, Some(message)) => Err(RuntimePanic::new_err(format!("{name} panicked: {message}"))),
            (State::Cancelled, _) => Err(ShutdownError::new_err(format!("{name} was {}", job.note))),
            _ => Err(WorkflowError::new_err(format!("{name} failed: {}", job.note))),
        }
    }
}
