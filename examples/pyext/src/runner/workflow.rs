//! A workflow: steps, run one after another.

use std::time::Duration;

use anyhow::Context as _;
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use runner::{Schedule, Spec, Store};
use sundown_python::exceptions::ShutdownError;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::job::Job;

/// Steps, as `sundown_demo.steps` makes them.
pub(super) struct Workflow {
    steps: Vec<Spec>,
    on_step: Option<Py<PyAny>>,
}

impl FromPyObject<'_, '_> for Workflow {
    type Error = PyErr;

    fn extract(steps: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let steps = steps.try_iter()?.map(|step| spec(&step?)).collect::<PyResult<_>>()?;
        Ok(Workflow { steps, on_step: None })
    }
}

/// `pattern` and a step, which is queued whenever the clock matches.
pub(super) fn schedule(pattern: &str, step: &Bound<'_, PyAny>) -> PyResult<Schedule> {
    let invalid = |error: anyhow::Error| PyValueError::new_err(format!("`{pattern}` is no schedule: {error}"));
    format!("{pattern} = {}", spec(step)?).parse().map_err(invalid)
}

/// A step is a dict, and a job is its JSON.
fn spec(step: &Bound<'_, PyAny>) -> PyResult<Spec> {
    let json: String = step.py().import("json")?.call_method1("dumps", (step,))?.extract()?;
    serde_json::from_str(&json).map_err(|error| PyValueError::new_err(format!("{json} is no step: {error}")))
}

impl Workflow {
    /// Calls `on_step` with each job that is done.
    pub(super) fn telling(self, on_step: Option<Py<PyAny>>) -> Self {
        Workflow { on_step, ..self }
    }

    pub(super) async fn run(self, store: &Store, timeout: Duration) -> PyResult<Vec<Job>> {
        // None: so late that the clock cannot tell.
        let deadline = Instant::now().checked_add(timeout);
        let count = self.steps.len();
        let mut jobs = Vec::with_capacity(count);
        for (index, step) in self.steps.iter().enumerate() {
            let (number, kind) = (index + 1, step.kind());
            // The connections may be closed between the end of a step and the look at its row.
            let failed = |error: anyhow::Error| match store.is_closed() {
                true => ShutdownError::new_err(format!("step {number} of {count}, `{kind}`: the runner was closed")),
                false => error.into(),
            };
            let id = store.enqueue(step, "python").await.context("cannot queue a step").map_err(failed)?;
            let end = end_of(id, store);
            let ended = match deadline {
                Some(deadline) => timeout_at(deadline, end).await,
                None => Ok(end.await),
            };
            let late = |_| {
                let seconds = timeout.as_secs_f64();
                PyTimeoutError::new_err(format!(
                    "step {number} of {count}, `{kind}` (job {id}), is not done after {seconds} s"
                ))
            };
            let job = Job::ended(kind, ended.map_err(late)?.map_err(failed)?)?;
            if let Some(on_step) = &self.on_step {
                tell(on_step, job.clone()).await?;
            }
            jobs.push(job);
        }
        Ok(jobs)
    }
}

/// Calls Python from a thread of the worker's blocking pool. A callback that is still at it when the runner is closed is
/// named in its report; when the program ends, it is interrupted.
async fn tell(on_step: &Py<PyAny>, job: Job) -> PyResult<()> {
    let on_step = Python::attach(|py| on_step.clone_ref(py));
    let call = move || Python::attach(|py| on_step.call1(py, (job,)).map(drop));
    spawn_blocking(call).await.map_err(|error| PyRuntimeError::new_err(error.to_string()))?
}

async fn end_of(id: i64, store: &Store) -> anyhow::Result<runner::Job> {
    let mut changes = store.changes();
    loop {
        // Marked as seen before the look, so that a change after it wakes us.
        changes.borrow_and_update();
        let job = store.job(id).await?.context("the job's row is gone")?;
        if job.state.is_final() {
            return Ok(job);
        }
        changes.changed().await?;
    }
}
