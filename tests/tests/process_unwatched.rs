//! A child that cannot be watched, because the process has no descriptor left: alone in its file, since the limit is the
//! process's.
#![cfg(unix)] // shells and signals; for Windows: `process_windows.rs`

use std::process::Stdio;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sundown::{Process, ShutdownGuard, must_shutdown};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Owner {
    #[shutdown]
    process: Process,
    guard: ShutdownGuard<Self>,
}

/// SIGKILL needs no descriptor.
#[tokio::test]
async fn it_is_killed() {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' TERM; echo ready; while :; do sleep 0.02; done"]).stdout(Stdio::piped());
    let process = Process::spawn("stubborn", command).unwrap();
    let mut output = BufReader::new(process.stdout().unwrap()).lines();
    assert_eq!(output.next_line().await.unwrap().as_deref(), Some("ready"));
    let mut owner = Owner { process, guard: ShutdownGuard::new() };

    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..before }).unwrap();
    let result = owner.shutdown().await;
    setrlimit(Resource::Nofile, before).unwrap();

    let said = result.unwrap_err().to_string();
    assert!(said.contains("`Owner.process` abandoned: killed, because it cannot be watched"), "{said}");
    while output.next_line().await.unwrap().is_some() {} // its end closes the pipe
}
