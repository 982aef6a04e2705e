//! Structs that are annotated.

pub(super) const HEAD: &str = "
#![allow(dead_code, non_snake_case)]
use sundown::{ShutdownGuard, must_shutdown};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
";

pub(super) const STRUCT: &str = r#"
#[must_shutdown(timeout = "10s")]
pub struct Service {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown]
    scheduler: JoinHandle<()>,
    #[shutdown(after = scheduler, timeout = "2s")]
    workers: JoinSet<()>,
    #[shutdown(after = workers)]
    connections: TaskTracker,
    #[shutdown(after = connections, with = Db::close)]
    db: Db,
    pub name: String,
    guard: ShutdownGuard<Self>,
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
            guard: ShutdownGuard::new(),
        }
    }
}

pub async fn run_Service(mut service: Service) -> Result<(), sundown::ShutdownError> {
    service.shutdown().await.map(drop)
}
"#;
