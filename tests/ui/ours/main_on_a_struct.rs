use sundown_macros::python_main as main;

#[main]
struct Service;

fn main() {}
