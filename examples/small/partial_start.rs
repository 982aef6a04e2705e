//! A start that fails half-way: what it had made is shut down, and the error is the one that `?` has returned.

use anyhow::Context as _;
use sundown::{Exit, Process, ShutdownGuard, StartError, must_shutdown};
use tokio::process::Command;

#[must_shutdown(starting)]
struct Service {
    #[shutdown]
    hook: Process,
    #[shutdown(after = hook, with = Store::close)]
    store: Store,
    guard: ShutdownGuard<Self>,
}

impl Service {
    async fn start() -> Result<Self, StartError> {
        Self::starting_with(async |start| -> anyhow::Result<Self> {
            let start = start.store(Store);
            let hook = Process::spawn("hook", Command::new("/no/such/program")).context("cannot start the hook")?;
            Ok(start.hook(hook).finish())
        })
        .await
    }
}

struct Store;

impl Store {
    async fn close(&self) {
        println!("the store is closed");
    }
}

fn main() -> Exit {
    sundown::run(async |_| Service::start().await)
}
