use sundown_macros::python_main as main;

#[main(worker_threads = 0)]
async fn main() {}
