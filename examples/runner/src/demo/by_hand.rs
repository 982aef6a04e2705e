//! The scene in which the service is written by hand: it hangs, is killed, and leaves an orphan and rows behind.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::{DISORDER, write_inbox};
use crate::config::Config;
use crate::proof;
use crate::store::Store;

/// What the service has for its shutdown, until it is killed.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs it, and shows what it leaves behind.
///
/// # Errors
///
/// If it stops by itself, or leaves nothing behind.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let hung = hang(config).await;
    let orphans = proof::hooks(config);
    kill(config);
    hung?;
    for (pid, name) in &orphans {
        println!("   ORPHAN    `{name}`, process {pid}, ran on");
    }
    ensure!(!orphans.is_empty() || !cfg!(target_os = "linux"), "the hook has ended");
    let store = Store::open(&config.database(), "proof").await?;
    let half_way = store.half_way().await;
    store.close().await?;
    println!("   ROWS      {} jobs are `running`, although nobody runs them", half_way?.running);
    Ok(())
}

/// Starts it as a process of its own, gives it its jobs, and stops it as a service manager does.
async fn hang(config: &Config) -> anyhow::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("by-hand").arg("--data").arg(&config.data).args(["--name", &config.name, "--stubborn-hook"]);
    let mut service = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let id = service.id().and_then(|id| Pid::from_raw(id.cast_signed())).context("it runs")?;
    let mut lines = BufReader::new(service.stdout.take().context("it is piped")?).lines();
    // All that is waited for is printed, in any order.
    let mut print_until = async |words: &[&str]| {
        let mut missing = words.to_vec();
        while !missing.is_empty() {
            let line = lines.next_line().await?.context("the service by hand has ended")?;
            println!("{line}");
            missing.retain(|word| !line.contains(word));
        }
        anyhow::Ok(())
    };
    print_until(&["http://"]).await?;
    write_inbox(&config.inbox(), &DISORDER)?;
    print_until(&["   done ", "   failed "]).await?;
    println!("   running   1 job that is stuck; 1 import is done, 1 job has panicked");
    kill_process(id, Signal::TERM)?;
    print_until(&["SIGTERM"]).await?;
    ensure!(timeout(PATIENCE, service.wait()).await.is_err(), "the service by hand has stopped");
    println!("   HANGS     {} s after SIGTERM it has not stopped, and does not say why", PATIENCE.as_secs());
    service.kill().await?;
    println!("   killed    by SIGKILL, as a service manager does");
    Ok(())
}

/// Kills what is left, and what that may start meanwhile.
fn kill(config: &Config) {
    loop {
        let left = proof::hooks(config);
        if left.is_empty() {
            return;
        }
        for pid in left.into_iter().filter_map(|(pid, _)| Pid::from_raw(pid)) {
            let _ = kill_process(pid, Signal::KILL); // it may have ended
        }
    }
}
