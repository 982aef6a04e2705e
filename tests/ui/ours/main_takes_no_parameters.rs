use sundown_macros::python_main as main;

#[main]
async fn main(_arguments: Vec<String>, _verbose: bool) {}
