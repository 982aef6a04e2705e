#[pyclass_teardown(timeout = "1s")]
#[must_shutdown]
#[pyclass(name = "Client", frozen)]
struct Client {
    #[shutdown]
    jobs: Tasks,
}

#[pyclass_teardown]
struct Below {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
impl Below {
    #[shutdown(unchecked)]
    fn get(&self) -> PyResult<()> {
        Ok(())
    }
}
