//! A task that fails stops the service at once, with a failing exit code. One that may fail is only reported.

use std::io;
use std::time::Duration;

use sundown::{Exit, ShutdownGuard, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Service {
    #[shutdown]
    import: JoinHandle<io::Result<()>>,
    #[shutdown(on_end = "ignore")]
    statistics: JoinHandle<io::Result<()>>,
    guard: ShutdownGuard<Self>,
}

async fn fails_after(seconds: f64, error: &str) -> io::Result<()> {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    println!("{error}");
    Err(io::Error::other(error))
}

fn main() -> Exit {
    sundown::run(async |_| {
        let statistics = tokio::spawn(fails_after(0.1, "nobody listens"));
        let import = tokio::spawn(fails_after(0.5, "the disk is full"));
        io::Result::Ok(Service { import, statistics, guard: ShutdownGuard::new() })
    })
}
