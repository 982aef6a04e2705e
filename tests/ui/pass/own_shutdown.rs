//! A struct that has a `shutdown` of its own: `methods` names the generated ones.

use std::time::Duration;

use sundown::{Report, ShutdownError, ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(methods = "stop")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

impl Runner {
    fn new() -> Self {
        Runner { jobs: Tasks::new(), guard: ShutdownGuard::new() }
    }

    fn shutdown(&mut self, wanted: bool) -> Result<Option<Report>, ShutdownError> {
        self.request_stop();
        if wanted { self.stop_blocking().map(Some) } else { Ok(None) }
    }
}

#[must_shutdown(shared, methods = "close")]
struct Shared {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut runner = Runner::new();
    assert!(runner.shutdown(false).unwrap().is_none());
    assert!(runner.stop_within(Duration::from_secs(1)).await.unwrap().is_clean());
    let (_, report) = Runner::new().with_stop(async |runner| runner.stop().await.unwrap()).await;
    assert!(report.unwrap().is_clean());
    assert!(Shared { jobs: Tasks::new(), guard: ShutdownGuard::new() }.close().await.unwrap().is_clean());
    let runner = std::thread::spawn(|| Runner::new().shutdown(true).unwrap().unwrap().is_clean());
    assert!(runner.join().unwrap());
}
