use std::sync::Arc;

use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};

#[must_shutdown(shared, timout = "10s")]
struct Hub<T> {
    #[shutdown]
    jobs: Tasks,
    value: T,
    guard: ShutdownGuard<Self>,
}

#[derive(Teardown)]
#[teardown(timout = "10s")]
struct Parts {
    #[shutdown]
    jobs: Tasks,
}

#[derive(Teardown)]
enum Either {
    Left,
    Right,
}

#[must_shutdown(manual, timout = "10s")]
struct Hand {
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct Owner {
    #[shutdown]
    hub: Arc<Hub<u8>>,
    #[shutdown]
    parts: Parts,
    #[shutdown]
    either: Either,
    guard: ShutdownGuard<Self>,
}

async fn run(hub: &Hub<u8>) {
    hub.shutdown().await.unwrap();
    hub.request_shutdown();
    let hand = Hand { guard: ShutdownGuard::new() };
    hand.guard.dismiss();
}

fn main() {
    drop(run);
}
