use sundown::{Tasks, Teardown};

#[derive(Teardown)]
enum Either {
    A {
        #[shutdown]
        jobs: Tasks,
    },
    B,
}

fn main() {}
