//! `runner serve`: runs until a signal; a second signal forces.

use std::process::ExitCode;
use std::time::Duration;

use sundown::{Report, ShutdownError};

use crate::config::Config;
use crate::runner::Runner;
use crate::signals::Signals;

/// What a forced shutdown is given: enough to abort, kill, reap and close.
const FORCED: Duration = Duration::from_secs(1);

/// Runs a service until a signal. The exit code is 0 if every step of its shutdown stopped by itself.
///
/// # Errors
///
/// If it cannot be started.
pub async fn serve(config: &Config) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let mut runner = Runner::start(config).await?;
    println!("runner: http://{}/status", runner.address());
    println!("inbox:  {}", config.inbox().display());

    let stop = runner.guard.stop_token();
    tokio::select! {
        signal = signals.next() => println!("{signal}: shutting down; a second one forces"),
        () = stop.cancelled() => println!("asked to stop"),
    }
    match shut_down(&mut runner, &mut signals).await {
        Ok(report) => {
            println!("{report}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("{}", error.report());
            eprintln!("runner: {error}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The shutdown is cancel-safe: the second signal drops it and calls it again with less time.
async fn shut_down(runner: &mut Runner, signals: &mut Signals) -> Result<Report, ShutdownError> {
    tokio::select! {
        result = runner.shutdown() => return result,
        signal = signals.next() => println!("{signal}: forcing"),
    }
    runner.shutdown_within(FORCED).await
}
