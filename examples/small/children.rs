//! Child processes, each with what it starts itself: asked by SIGTERM, killed if they do not listen, never left behind.

use std::io;

use sundown::{Exit, Process, ShutdownGuard, must_shutdown};
use tokio::process::Command;

#[must_shutdown]
struct Service {
    #[shutdown]
    worker: Process,
    #[shutdown(timeout = "1s")]
    stubborn: Process,
    guard: ShutdownGuard<Self>,
}

fn shell(name: &'static str, script: &str) -> io::Result<Process> {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::spawn(name, command)
}

fn main() -> Exit {
    sundown::run(async |_| {
        let worker = shell("worker", "trap 'echo settled; exit' TERM; (echo works; exec sleep 60) & wait")?;
        let stubborn = shell("stubborn", "trap '' TERM; echo ignores SIGTERM; sleep 60")?;
        io::Result::Ok(Service { worker, stubborn, guard: ShutdownGuard::new() })
    })
}
