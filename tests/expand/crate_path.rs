#[derive(Teardown)]
#[teardown(crate = self::vendored::sundown)]
struct Parts {
    #[shutdown(with = Pool::close)]
    pool: Option<Pool>,
    label: &'static str,
}

#[pyclass_teardown(crate = sundown_python)]
#[pyclass]
struct Client {
    #[shutdown]
    parts: Shared<Parts>,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(crate = sundown_python)]
#[pymethods]
impl Client {
    fn get(&self) -> PyResult<()> {
        Ok(())
    }
}
