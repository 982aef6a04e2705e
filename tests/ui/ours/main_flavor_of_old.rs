use sundown_macros::python_main as main;

#[main(flavor = "basic_scheduler")]
async fn main() {}
