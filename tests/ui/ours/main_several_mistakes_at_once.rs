use sundown_macros::python_main as main;

#[main(core_threads = 4, flavor = "single_thread", worker_threads = 0)]
fn serve(_port: u16) {}
