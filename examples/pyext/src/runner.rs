//! `Runner`: a workflow runner over SQLite. The one of `examples/runner`, which knows nothing of Python, behind a class.

mod job;
mod worker;
mod workflow;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use runner::{Config, Store};
use sundown_python::{OrRaise as _, RuntimeThread, Shared, ShutdownGuard, Tasks, get_runtime, pyclass_teardown};

use crate::seconds::Seconds;
use job::Job;
pub(crate) use job::WorkflowError;
use worker::Message;
use workflow::Workflow;

/// Runs workflows, and jobs by the clock; what became of each is in a database in `folder`.
///
/// `cron` has patterns, with seconds if they have six fields, and for each the step that is queued whenever it matches.
#[pyclass_teardown(timeout = "7s")]
#[pyclass(frozen, module = "sundown_demo")]
pub(crate) struct Runner {
    /// Loops, an endpoint, a thread, a child process, a database: stopped in the order that its own struct says. Without a
    /// limit it would have half of the time, and the worker, which then has nothing to do, the other half.
    #[shutdown(timeout = "6s")]
    service: Shared<runner::Runner>,
    /// The thread with the tokio runtime that all tasks of the service run on.
    #[shutdown(after = service)]
    worker: RuntimeThread<Message>,
    #[shutdown(skip)] // the service's
    jobs: Tasks,
    store: Store,
    folder: PathBuf,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(report)]
#[pymethods]
impl Runner {
    #[new]
    #[pyo3(signature = (folder, *, cron = None, workers = 4))]
    fn new(
        py: Python<'_>,
        folder: PathBuf,
        cron: Option<BTreeMap<String, Bound<'_, PyAny>>>,
        workers: usize,
    ) -> PyResult<Self> {
        let schedules = cron.unwrap_or_default().into_iter().map(|(pattern, step)| workflow::schedule(&pattern, &step));
        let config = Config {
            database: None,
            data: folder.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            workers,
            cron: schedules.collect::<PyResult<_>>()?,
            name: "runner".to_owned(),
            stubborn_hook: false,
        };
        let worker = RuntimeThread::spawn("runner", worker::serve)?;
        // The module's runtime waits where a signal should interrupt.
        let service = get_runtime().block_on(py, worker.call(|reply| Message::Start(config, reply)))?.or_raise()??;
        let (jobs, store) = (service.jobs().clone(), service.store().clone());
        Ok(Runner { service: service.into(), worker, jobs, store, folder, guard: ShutdownGuard::new() })
    }

    /// Runs the steps one after another, and returns what became of each. A step that fails raises `WorkflowError`, one
    /// that panics `RuntimePanic`, and those after it are not run. After `timeout` seconds it raises `TimeoutError`;
    /// the step that is late goes on. `on_step` is called with each job that is done, before the next step begins.
    #[pyo3(signature = (workflow, *, timeout = None, on_step = None))]
    fn run(
        &self,
        py: Python<'_>,
        workflow: Workflow,
        timeout: Option<Seconds>,
        on_step: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Job>> {
        let timeout = timeout.map_or(Duration::MAX, |Seconds(timeout)| timeout);
        let (store, workflow) = (self.store.clone(), workflow.telling(on_step));
        let call = self.worker.call(|reply| Message::Run { workflow, store, timeout, reply });
        get_runtime().block_on(py, call)?.or_raise()?
    }

    /// The steps that run, by name, and where they were begun.
    fn running(&self) -> Vec<String> {
        self.jobs.names().iter().map(ToString::to_string).collect()
    }

    /// How many jobs there are in each state, those of earlier runners in the same folder too.
    fn counts(&self, py: Python<'_>) -> PyResult<BTreeMap<&'static str, i64>> {
        let counts = get_runtime().block_on(py, self.store.counts())??;
        Ok(counts.into_iter().map(|(state, count)| (state.as_str(), count)).collect())
    }

    fn __repr__(&self) -> String {
        format!("<Runner in {}>", self.folder.display())
    }
}
