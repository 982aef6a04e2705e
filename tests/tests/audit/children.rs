//! Child processes: registered ones with all that they have started, and others.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use sundown::registry::{self, Audit, AuditProcess};
use sundown::{Process, ShutdownGuard, must_shutdown};
use tokio::io::AsyncBufReadExt as _;

#[must_shutdown(timeout = "30s", on_drop = "log")]
struct Owner {
    #[shutdown]
    process: Process,
    guard: ShutdownGuard<Self>,
}

fn of(audit: &Audit, pid: u32) -> AuditProcess {
    audit.processes().iter().find(|process| process.pid == pid).unwrap_or_else(|| panic!("{pid}: {audit}")).clone()
}

/// A shell that has said something, and waits for the end of its input.
fn shell(script: &str) -> (Child, String) {
    let mut command = Command::new("sh");
    let mut child =
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("there is a shell");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}

#[test]
fn a_child_that_nobody_has_registered() {
    let (mut child, _) = shell("echo ready; read line");
    let audit = registry::audit();
    let found = of(&audit, child.id());
    assert!(found.origin.is_untracked() && !found.zombie, "{audit}");
    let line = format!("process `sh -c echo ready; read line` (pid {})", child.id());
    assert!(audit.to_string().contains(&line), "{audit}");

    drop(child.stdin.take());
    // SAFETY: all zeroes is a value, which the call fills; the child is left to be reaped.
    #[allow(unsafe_code, reason = "std reaps what it waits for")]
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let ended = libc::waitid(libc::P_PID, child.id(), &raw mut info, libc::WEXITED | libc::WNOWAIT);
        assert_eq!(ended, 0);
    }
    let audit = registry::audit();
    assert!(of(&audit, child.id()).zombie, "{audit}");
    assert!(audit.to_string().contains("has ended, and nobody has waited for it; not tracked by sundown"), "{audit}");
    child.wait().unwrap();
}

/// The grandchild has left the group, and is still known by its parent.
#[tokio::test]
async fn a_registered_child_and_a_grandchild_that_has_left_its_group() {
    let mut command = tokio::process::Command::new("sh");
    let script = "exec 3<&0; setsid sh -c 'echo $$; read line' <&3 & wait";
    let process = Process::spawn("tree", {
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    })
    .unwrap();
    let mut line = String::new();
    tokio::io::BufReader::new(process.stdout().unwrap()).read_line(&mut line).await.unwrap();
    let audit = registry::audit();
    let label = format!("Process `tree` ({}) ({}", process.id().unwrap(), file!());
    for pid in [process.id().unwrap(), line.trim().parse().unwrap()] {
        let found = of(&audit, pid);
        assert!(found.origin.to_string().starts_with(&label), "{audit}");
        assert!(found.origin.to_string().ends_with("), live"), "{audit}");
    }
    drop(process.stdin()); // which ends them
    Owner { process, guard: ShutdownGuard::new() }.shutdown().await.unwrap();
}
