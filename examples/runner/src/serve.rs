//! `runner serve`: runs until a signal; a second signal forces.

use std::time::Duration;

use sundown::{Exit, Root};

use crate::config::Config;
use crate::runner::Runner;

/// Runs a service until a signal, or until one of its loops fails.
pub fn serve(config: &Config) -> Exit {
    Root::new()
        .grace_from_env("RUNNER_GRACE")
        .forced_within(Duration::from_secs(1))
        .dump_on_sigusr1()
        .on_unready(|| println!("shutting down; a second signal forces"))
        .on_exit(|exit| println!("{exit}"))
        .run(async |_| {
            let runner = Runner::start(config).await?;
            println!("runner: http://{}/status", runner.address());
            println!("inbox:  {}", config.inbox().display());
            anyhow::Ok(runner)
        })
}
