use sundown_macros::python_main as main;

#[main(flavour = "current_thread")]
async fn main() {}
