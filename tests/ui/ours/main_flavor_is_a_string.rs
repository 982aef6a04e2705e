use sundown_macros::python_main as main;

#[main(flavor = current_thread)]
async fn main() {}
