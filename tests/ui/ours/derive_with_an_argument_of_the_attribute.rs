use sundown::{Tasks, Teardown};

#[derive(Teardown)]
#[teardown(on_drop = "log")]
struct Inner {
    #[shutdown]
    jobs: Tasks,
}

fn main() {}
