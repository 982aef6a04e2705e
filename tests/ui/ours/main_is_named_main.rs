use sundown_macros::python_main as main;

#[main]
async fn serve() {}
