use sundown::{Tasks, Teardown};

#[derive(Teardown)]
struct Inner {
    #[shutdown]
    jobs: Tasks,
    token: tokio_util::sync::CancellationToken,
}

fn main() {}
