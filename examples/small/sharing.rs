//! A value in an `Arc`: each owner may use it, and each may stop it. A task of its own has a `Weak`, so it is no cycle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sundown::{Exit, ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(shared)]
struct Counter {
    count: AtomicU32,
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

impl Counter {
    fn count(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) == 2 {
            println!("counted to three");
            self.request_shutdown();
        }
    }
}

fn main() -> Exit {
    sundown::run(async |_| {
        let guard = ShutdownGuard::new();
        let counter = Arc::new(Counter { count: AtomicU32::new(0), tasks: Tasks::new(), guard });
        counter.tasks.spawn_weak("clock", &counter, async |counter| {
            while let Some(counter) = counter.upgrade() {
                counter.count();
                drop(counter);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })?;
        anyhow::Ok(counter)
    })
}
