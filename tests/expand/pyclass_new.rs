#[pyclass_teardown]
#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (name, *, port = 80))]
    fn new(name: &str, port: u16) -> Self {
        Client::open(name, port)
    }

    #[new]
    fn nothing() {}
}
