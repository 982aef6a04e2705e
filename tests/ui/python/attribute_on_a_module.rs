use sundown::python::pyclass_teardown;

#[pyclass_teardown]
mod classes {}

fn main() {}
