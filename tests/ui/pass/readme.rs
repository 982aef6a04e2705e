//! The example of README.md, to the letter: `tests/readme.rs` compares them. It runs, until it sends itself a signal.

// README {
use sundown::{CancellationToken, ShutdownGuard, Tasks, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown(timeout = "10s")]
struct Runner {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown]
    scheduler: JoinHandle<()>,   // listens to `stop`
    #[shutdown(after = scheduler, timeout = "2s")]
    jobs: Tasks,
    #[shutdown(after = jobs, with = SqlitePool::close)]
    db: SqlitePool,
    guard: ShutdownGuard<Self>,  // ShutdownGuard::new(): knows the type and the place
}

fn main() -> sundown::Exit {
    sundown::run(async |_| Runner::start().await) // until a signal, or until a field fails or panics
}
// }

struct SqlitePool;

impl SqlitePool {
    async fn close(&self) {}
}

impl Runner {
    async fn start() -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let scheduler = tokio::spawn(async move { stopped.cancelled().await });
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
        Ok(Runner { stop, scheduler, jobs: Tasks::new(), db: SqlitePool, guard: ShutdownGuard::new() })
    }
}
