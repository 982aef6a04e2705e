//! What a class says of its drop, and what its methods say of their check.

use pyo3::prelude::*;
use sundown_python::{Callback, ShutdownGuard, Tasks, pyclass_teardown};

/// Dropping it is its normal end.
#[pyclass_teardown(on_drop = "quiet")]
#[pyclass(module = "sundown_pytest")]
struct Quiet {
    #[shutdown]
    jobs: Tasks,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

/// A `Result` by another name.
type Answer<T> = PyResult<T>;

#[pyclass_teardown]
#[pymethods]
impl Quiet {
    #[new]
    fn new() -> Self {
        Quiet { jobs: Tasks::new(), guard: ShutdownGuard::new() }
    }

    /// Not `close`, although its name begins so.
    fn close_one(&self) -> PyResult<usize> {
        Ok(self.jobs.len())
    }

    /// No `Result` by its name, and not looked into.
    fn answer(&self) -> Answer<usize> {
        Ok(self.jobs.len())
    }

    #[shutdown(checked)]
    fn checked_answer(&self) -> Answer<usize> {
        Ok(self.jobs.len())
    }

    /// Its name ends as that of a `Result` does.
    fn outcome(&self) -> QueryResult {
        QueryResult(self.jobs.len())
    }
}

/// A type of its own.
#[derive(IntoPyObject)]
#[pyo3(transparent)]
struct QueryResult(usize);

/// As it is without a policy, said out loud.
#[pyclass_teardown(on_drop = "warn")]
#[pyclass(module = "sundown_pytest")]
struct Loud {
    #[shutdown]
    jobs: Tasks,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Loud {
    #[new]
    fn new() -> Self {
        Loud { jobs: Tasks::new(), guard: ShutdownGuard::new() }
    }
}

/// Says good-bye: a callback that the shutdown calls.
#[derive(Clone)]
struct Farewell(Callback);

impl Farewell {
    async fn say(&self) -> PyResult<()> {
        self.0.call(("good-bye",)).await.map(drop)
    }
}

/// Its shutdown needs the loop, or the thread, of its callback.
#[pyclass_teardown(timeout = "1s")]
#[pyclass(module = "sundown_pytest")]
struct Polite {
    #[shutdown(with = Farewell::say)]
    #[allow(dead_code)]
    farewell: Farewell,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Polite {
    #[new]
    #[pyo3(signature = (callable, thread=false))]
    fn new(callable: &Bound<'_, PyAny>, thread: bool) -> PyResult<Self> {
        let callback = if thread { Callback::on_thread(callable)? } else { Callback::new(callable)? };
        Ok(Polite { farewell: Farewell(callback), guard: ShutdownGuard::new() })
    }
}

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Quiet>()?;
    module.add_class::<Loud>()?;
    module.add_class::<Polite>()
}
