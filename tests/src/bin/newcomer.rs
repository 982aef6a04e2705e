//! What a program looks like that somebody writes on the first day, for `tests/newcomer.rs`. Its argument says what it
//! does wrong.

use std::error::Error;
use std::future::pending;

use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "300ms")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

impl Runner {
    fn start() -> Self {
        Runner { jobs: Tasks::new(), guard: ShutdownGuard::new() }
    }
}

fn port(text: &str) -> Result<u16, Box<dyn Error + Send + Sync>> {
    text.parse().map_err(|_| format!("`{text}` is no port").into())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut runner = Runner::start();
    match std::env::args().nth(1).as_deref() {
        Some("returns-early") => println!("port {}", port("http")?),
        Some("forgets") => return Ok(()),
        Some("in-a-task") => {
            let task = tokio::spawn(async move {
                let _runner = runner;
                port("http")
            });
            println!("port {}", task.await??);
            return Ok(());
        }
        Some("stuck") => drop(runner.jobs.spawn("import", pending::<()>())?),
        _ => {}
    }
    runner.shutdown().await?;
    Ok(())
}
