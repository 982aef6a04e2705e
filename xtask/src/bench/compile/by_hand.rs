//! The same structs with the shutdown that a careful author writes by hand: ask, wait within a limit, force, field by
//! field, with the errors collected and a drop that complains. It has no plan, no registry and no blocking form.

pub(super) const HEAD: &str = "
#![allow(dead_code, non_snake_case)]
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[derive(Debug)]
pub struct ShutdownError(pub Vec<(&'static str, String)>);
";

pub(super) const STRUCT: &str = r#"
pub struct Service {
    stop: CancellationToken,
    scheduler: JoinHandle<()>,
    workers: JoinSet<()>,
    connections: TaskTracker,
    db: Db,
    pub name: String,
    closed: bool,
}

impl Service {
    pub fn new(scheduler: JoinHandle<()>, db: Db) -> Self {
        Service {
            stop: CancellationToken::new(),
            scheduler,
            workers: JoinSet::new(),
            connections: TaskTracker::new(),
            db,
            name: String::new(),
            closed: false,
        }
    }

    pub async fn shutdown(&mut self) -> Result<(), ShutdownError> {
        self.shutdown_within(Duration::from_secs(10)).await
    }

    pub async fn shutdown_within(&mut self, timeout: Duration) -> Result<(), ShutdownError> {
        if self.closed {
            return Ok(());
        }
        let deadline = Instant::now() + timeout;
        let mut errors = Vec::new();

        self.stop.cancel();
        match timeout_at(deadline, &mut self.scheduler).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => errors.push(("scheduler", error.to_string())),
            Err(_) => {
                self.scheduler.abort();
                errors.push(("scheduler", "timed out".to_owned()));
            }
        }

        let workers_deadline = deadline.min(Instant::now() + Duration::from_secs(2));
        loop {
            match timeout_at(workers_deadline, self.workers.join_next()).await {
                Ok(None) => break,
                Ok(Some(Ok(()))) => {}
                Ok(Some(Err(error))) => errors.push(("workers", error.to_string())),
                Err(_) => {
                    self.workers.abort_all();
                    errors.push(("workers", "timed out".to_owned()));
                    break;
                }
            }
        }

        self.connections.close();
        if timeout_at(deadline, self.connections.wait()).await.is_err() {
            errors.push(("connections", "timed out".to_owned()));
        }

        match timeout_at(deadline, self.db.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => errors.push(("db", error.to_string())),
            Err(_) => errors.push(("db", "timed out".to_owned())),
        }

        self.closed = true;
        if errors.is_empty() { Ok(()) } else { Err(ShutdownError(errors)) }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !self.closed {
            self.stop.cancel();
            self.scheduler.abort();
            self.workers.abort_all();
            if !std::thread::panicking() {
                eprintln!("Service was dropped without shutdown().await");
            }
        }
    }
}

pub async fn run_Service(mut service: Service) -> Result<(), ShutdownError> {
    service.shutdown().await
}
"#;
