#[pyclass_teardown(timeout = "2s")]
#[pyclass(extends = Base, unsendable, name = "Client")]
struct PyClient {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(after = jobs, with = Pool::close)]
    pool: Pool,
    #[shutdown(after = pool)]
    runtime: Runtime,
    name: String,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(report)]
#[pymethods]
impl PyClient {
    #[new]
    fn new(name: String) -> PyResult<PyClassInitializer<Self>> {
        made(name)
    }

    fn get(&self) -> PyResult<u32> {
        Ok(1)
    }

    fn set(&mut self, value: u32) {
        self.value = value;
    }

    fn all(slf: &Bound<'_, Self>) -> PyResult<()> {
        Ok(())
    }

    #[shutdown(unchecked)]
    fn anyway(&self) -> PyResult<()> {
        Ok(())
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(String::new())
    }

    fn __exit__(&mut self, _kind: Py<PyAny>, _value: Py<PyAny>, _traceback: Py<PyAny>) -> PyResult<()> {
        Ok(())
    }

    #[staticmethod]
    fn answer() -> PyResult<u32> {
        Ok(42)
    }
}
