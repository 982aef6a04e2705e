use sundown::{Tasks, Teardown};

#[derive(Teardown)]
#[teardown(timeout = "1s")]
#[teardown(name = "Parts")]
struct Inner {
    #[shutdown]
    jobs: Tasks,
}

fn main() {}
