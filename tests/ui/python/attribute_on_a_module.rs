use sundown_python::pyclass_teardown;

#[pyclass_teardown]
mod classes {}

fn main() {}
