use std::io;
use std::sync::Arc;

use sundown::{Exit, ShutdownGuard, Tasks, any_ended, must_shutdown};

/// An error in the attribute is the only one, wherever the value goes.
#[must_shutdown(timeout = "3")]
struct Service {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(shared, timeout = "3")]
struct Pool {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

async fn watched(service: &mut Service) {
    any_ended(service).await;
}

fn main() -> Exit {
    let _ = sundown::run(async |_| {
        Ok::<_, io::Error>(Arc::new(Pool { tasks: Tasks::new(), guard: ShutdownGuard::new() }))
    });
    sundown::run(async |_| Ok::<_, io::Error>(Service { tasks: Tasks::new(), guard: ShutdownGuard::new() }))
}
