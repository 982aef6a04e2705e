//! A child that cannot be watched, because the process has no descriptor left: alone in its file, since the limit is the
//! process's.
#![cfg(unix)] // shells and signals; for Windows: `process_windows.rs`

use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sundown::{Process, ShutdownGuard, any_ended, must_shutdown};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::time::timeout;

/// One test at a time, and with it its runtime, which takes descriptors.
fn alone(test: impl Future<Output = ()>) {
    static LIMIT: Mutex<()> = Mutex::new(());
    let _limit = LIMIT.lock().unwrap_or_else(PoisonError::into_inner);
    Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Owner {
    #[shutdown]
    process: Process,
    guard: ShutdownGuard<Self>,
}

/// SIGKILL needs no descriptor.
#[test]
fn it_is_killed() {
    alone(async {
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
    });
}

/// One that nobody has asked to end runs on, and ends as it is asked to.
#[test]
fn a_look_at_it_does_not_kill_it() {
    alone(async {
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.02; done"])
            .stdout(Stdio::piped());
        let process = Process::spawn("patient", command).unwrap();
        let mut output = BufReader::new(process.stdout().unwrap()).lines();
        assert_eq!(output.next_line().await.unwrap().as_deref(), Some("ready"));
        let mut owner = Owner { process, guard: ShutdownGuard::new() };

        let before = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..before }).unwrap();
        let ended = timeout(Duration::from_secs(30), any_ended(&mut owner)).await;
        setrlimit(Resource::Nofile, before).unwrap();
        assert!(ended.expect("it cannot be watched").is_none(), "nothing has ended");

        let report = owner.shutdown_within(Duration::from_secs(30)).await.unwrap();
        assert_eq!(output.next_line().await.unwrap().as_deref(), Some("asked"));
        assert!(report.to_string().contains("it cannot be watched"), "{report}");
    });
}
