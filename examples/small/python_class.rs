//! A Python class that counts, by a task of its own. It stops by `with`, by `close()`, when it is collected, and at exit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, Tasks, pyclass_teardown};

#[pyclass_teardown(timeout = "5s")]
#[pyclass(frozen, module = "sundown_demo")]
pub(crate) struct Clock {
    #[shutdown]
    tasks: Tasks,
    #[shutdown(after = tasks)]
    runtime: Runtime,
    ticks: Arc<AtomicU64>,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Clock {
    #[new]
    fn new() -> PyResult<Self> {
        let (tasks, runtime, ticks) = (Tasks::new(), Runtime::new()?, Arc::default());
        let (stop, counted) = (tasks.token(), Arc::<AtomicU64>::clone(&ticks));
        let count = async move {
            while stop.run_until_cancelled(tokio::time::sleep(Duration::from_millis(1))).await.is_some() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        };
        tasks.spawn_on("count", count, &runtime.handle()?).expect("it is open");
        Ok(Clock { tasks, runtime, ticks, guard: ShutdownGuard::new() })
    }

    fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }
}
