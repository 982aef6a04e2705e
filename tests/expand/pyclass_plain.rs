#[pyclass_teardown]
#[pyclass(frozen)]
pub struct Plain {
    #[shutdown]
    runtime: Runtime,
    config: Config,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Plain {}
