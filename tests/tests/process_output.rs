//! A child whose output nobody reads, and which writes more of it than a pipe holds.
#![cfg(unix)] // shells

use std::process::Stdio;

use sundown::{Process, ProcessRequest, Report, ShutdownError, ShutdownGuard, must_shutdown};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::runtime::{Builder, Runtime};

/// With time for what ends by itself.
#[must_shutdown(timeout = "30s", on_drop = "log")]
struct Owner {
    #[shutdown]
    process: Process,
    guard: ShutdownGuard<Self>,
}

const FILLS: &str = "yes | head -c 1000000";

/// A shell that writes much when it is requested to stop, to what `to` says, and then ends.
async fn start(to: &str, rest: &str) -> Owner {
    let mut command = Command::new("sh");
    let script = format!("trap '{FILLS} {to}; {rest}exit 7' TERM; echo ready; while :; do sleep 0.02; done");
    command.args(["-c", &script]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = Process::spawn("writes", command).unwrap();
    ready(&process).await;
    Owner { process, guard: ShutdownGuard::new() }
}

/// It is: the output is taken, and then kept open unread.
async fn ready(process: &Process) {
    let mut output = BufReader::new(process.stdout().unwrap()).lines();
    assert_eq!(output.next_line().await.unwrap().as_deref(), Some("ready"));
    tokio::spawn(async move {
        std::future::pending::<()>().await;
        drop(output);
    });
}

fn detail(result: Result<Report, ShutdownError>) -> String {
    let report = result.unwrap(); // it has ended by itself
    let [step] = report.steps() else { panic!("{report}") };
    step.detail().unwrap_or_default().to_owned()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn it_ends_and_its_last_words_are_in_the_report() {
    runtime().block_on(async {
        let mut owner = start(">&2", "echo bye >&2; ").await;
        assert_eq!(detail(owner.shutdown().await), "exit status: 7; standard error: \"bye\"");
        assert!(owner.process.stderr().is_none());
    });
}

#[test]
fn under_the_blocking_driver_with_a_runtime_that_nobody_turns() {
    let runtime = runtime();
    let mut owner = runtime.block_on(start(">&2", "echo bye >&2; "));
    assert_eq!(detail(owner.shutdown_blocking()), "exit status: 7; standard error: \"bye\"");
}

/// Standard output is read as well.
#[test]
fn both_of_them() {
    runtime().block_on(async {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("read line; {FILLS}; {FILLS} >&2; exit 7")]).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let process = Process::spawn("writes", command).unwrap().with_request(ProcessRequest::CloseStdin);
        let mut owner = Owner { process, guard: ShutdownGuard::new() };
        assert_eq!(detail(owner.shutdown().await), "exit status: 7; standard error: \"y\"");
    });
}

/// A process that has left the group keeps the pipe open, and writes to it all the time, until nobody can read it any more.
#[test]
fn who_has_left_with_the_pipe_holds_nothing_up() {
    runtime().block_on(async {
        // Who is seen in the group is waited for, so it must have left before the leader ends.
        let leaves = "setsid yes gone >&2 & until ! ps -o pgid= -p $! | grep -qw $$; do :; done; ";
        let mut owner = start(">&2", leaves).await;
        let detail = detail(owner.shutdown().await);
        assert!(detail.starts_with("exit status: 7"), "{detail}");
    });
}

/// The one that reads may be dropped half-way; the other goes on.
#[test]
fn of_two_owners_one_reads() {
    runtime().block_on(async {
        let mut first = start(">&2", "").await;
        let mut second = Owner { process: first.process.clone(), guard: ShutdownGuard::new() };
        let mut given_up = Box::pin(first.shutdown());
        assert!(sundown_tests::is_pending(&mut given_up).await);
        let result = tokio::join!(second.shutdown(), async { drop(given_up) }).0;
        assert!(detail(result).starts_with("exit status: 7"));
        assert!(detail(first.shutdown().await).starts_with("exit status: 7"));
    });
}

/// A runtime that has not looked at the pipe since does not lose them.
#[test]
fn last_words_right_before_the_end() {
    runtime().block_on(async {
        for _ in 0..20 {
            let mut command = Command::new("sh");
            command.args(["-c", "trap 'echo bye >&2; exit 3' TERM; echo ready; while :; do sleep 0.02; done"]);
            let process = {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                Process::spawn("says", command).unwrap()
            };
            ready(&process).await;
            let mut owner = Owner { process, guard: ShutdownGuard::new() };
            assert_eq!(detail(owner.shutdown().await), "exit status: 3; standard error: \"bye\"");
        }
    });
}

/// What has waited for its end since before the request reads nothing.
#[test]
fn one_of_another_runtime_that_was_supervised() {
    let other = runtime();
    let mut owner = other.block_on(start(">&2", "echo bye >&2; "));
    runtime().block_on(async {
        assert!(sundown_tests::is_pending(&mut Box::pin(sundown::any_ended(&mut owner))).await);
        assert_eq!(detail(owner.shutdown().await), "exit status: 7; standard error: \"bye\"");
    });
}
