use pyo3::prelude::*;
use sundown_python::{ShutdownGuard, pyclass_teardown};

struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[pyclass_teardown]
#[pyclass]
struct Client {
    #[shutdown(with = Pool::close)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
