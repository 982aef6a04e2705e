#[pyclass_teardown(on_drop = "quiet")]
#[pyclass]
struct Cursor {
    #[shutdown]
    reads: Tasks,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Cursor {
    #[shutdown(checked)]
    fn next(&self) -> Answer<u32> {
        Ok(1)
    }
}
