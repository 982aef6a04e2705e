use sundown::{Tasks, must_shutdown};

#[must_shutdown]
enum Either {
    A {
        #[shutdown]
        jobs: Tasks,
    },
    B,
}

fn main() {}
