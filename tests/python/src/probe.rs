//! What becomes of a Rust future, seen from Python without a race: every wait is on an event, with a limit.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::sync::Notify;

/// Where a future has been. One probe watches any number of futures.
#[pyclass(frozen, from_py_object)]
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Seen>);

#[derive(Default)]
struct Seen {
    counts: Mutex<Counts>,
    changed: Condvar,
    release: Notify,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    started: u64,
    completed: u64,
    dropped: u64,
    released: bool,
}

impl Probe {
    /// What a future holds while it lives: made before its first poll, dropped with it.
    pub(crate) fn watch(&self) -> Watched {
        Watched { probe: self.clone(), completed: false }
    }

    /// Blocks this thread until Python has called `release`, for this many seconds at most.
    pub(crate) fn hold(&self, seconds: f64) {
        let counts = self.0.counts.lock().unwrap();
        let limit = Duration::from_secs_f64(seconds);
        drop(self.0.changed.wait_timeout_while(counts, limit, |counts| !counts.released).unwrap());
    }

    /// How many futures have been polled, and how many are gone.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let counts = self.0.counts.lock().unwrap();
        (counts.started, counts.dropped)
    }

    /// Ready when Python has called `release`, which lets one future go.
    pub(crate) async fn released(&self) {
        self.0.release.notified().await;
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.counts.lock().unwrap());
        self.0.changed.notify_all();
    }

    fn wait(&self, py: Python<'_>, seconds: f64, until: impl Fn(&Counts) -> bool + Sync) -> bool {
        py.detach(|| {
            let counts = self.0.counts.lock().unwrap();
            let limit = Duration::from_secs_f64(seconds);
            let (counts, _) = self.0.changed.wait_timeout_while(counts, limit, |counts| !until(counts)).unwrap();
            until(&counts)
        })
    }
}

#[pymethods]
impl Probe {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    #[getter]
    fn started(&self) -> u64 {
        self.0.counts.lock().unwrap().started
    }

    #[getter]
    fn completed(&self) -> u64 {
        self.0.counts.lock().unwrap().completed
    }

    #[getter]
    fn dropped(&self) -> u64 {
        self.0.counts.lock().unwrap().dropped
    }

    /// Waits, detached, until this many futures have been polled; whether they have.
    #[pyo3(signature = (count=1, seconds=10.0))]
    fn wait_started(&self, py: Python<'_>, count: u64, seconds: f64) -> bool {
        self.wait(py, seconds, |counts| counts.started >= count)
    }

    /// Lets one future end that waits for it, and all threads that do, now or later.
    fn release(&self) {
        self.change(|counts| counts.released = true);
        self.0.release.notify_one();
    }

    /// Waits, detached, until this many futures have been dropped, completed or not; whether they have.
    #[pyo3(signature = (count=1, seconds=10.0))]
    fn wait_dropped(&self, py: Python<'_>, count: u64, seconds: f64) -> bool {
        self.wait(py, seconds, |counts| counts.dropped >= count)
    }
}

/// Tells its probe that the future was polled, completed, dropped.
pub(crate) struct Watched {
    probe: Probe,
    completed: bool,
}

impl Watched {
    pub(crate) fn started(&self) {
        self.probe.change(|counts| counts.started += 1);
    }

    pub(crate) fn completed(&mut self) {
        self.completed = true;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let completed = u64::from(self.completed);
        self.probe.change(|counts| {
            counts.completed += completed;
            counts.dropped += 1;
        });
    }
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Probe>()
}
