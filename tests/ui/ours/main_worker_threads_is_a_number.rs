use sundown_macros::python_main as main;

#[main(worker_threads = "4")]
async fn main() {}
