use sundown_macros::python_main as main;

#[main]
fn main() {}
