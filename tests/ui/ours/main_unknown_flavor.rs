use sundown_macros::python_main as main;

#[main(flavor = "many_threads")]
async fn main() {}
