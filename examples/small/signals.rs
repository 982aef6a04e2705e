//! Runs until Ctrl-C or SIGTERM, then stops in order. A second signal forces, a third one exits at once.

use std::time::Duration;

use sundown::{Exit, ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Service {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(after = jobs, with = Store::close)]
    store: Store,
    guard: ShutdownGuard<Self>,
}

struct Store;

impl Store {
    async fn close(&self) {
        println!("the store is closed");
    }
}

fn main() -> Exit {
    sundown::run(async |_| {
        let jobs = Tasks::new();
        jobs.spawn_until_stopped("ticker", async {
            loop {
                println!("tick");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })?;
        anyhow::Ok(Service { jobs, store: Store, guard: ShutdownGuard::new() })
    })
}
