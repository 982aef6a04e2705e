use sundown_macros::python_main as main;

#[main(flavor = "current_thread", worker_threads = 4)]
async fn main() {}
