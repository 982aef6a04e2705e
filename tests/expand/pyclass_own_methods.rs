#[pyclass_teardown(report)]
#[pymethods]
impl Client {
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        close(self, py)
    }

    #[pyo3(name = "aclose", signature = (timeout = None))]
    fn close_async(&self, timeout: Option<f64>) -> PyResult<()> {
        Ok(())
    }

    #[getter]
    fn get_closed(&self) -> PyResult<bool> {
        Ok(false)
    }

    #[getter(shutdown_report)]
    fn report(&self) -> Option<String> {
        None
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[setter]
    fn set_limit(&mut self, limit: u32) -> PyResult<()> {
        Ok(())
    }
}
