use sundown_macros::python_main as main;

#[main(core_threads = 4)]
async fn main() {}
