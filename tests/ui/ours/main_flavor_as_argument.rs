use sundown_macros::python_main as main;

#[main(current_thread)]
async fn main() {}
