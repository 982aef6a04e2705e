use sundown_python::pyclass_teardown;

#[pyclass_teardown]
union Either {
    one: u8,
    other: u16,
}

fn main() {}
