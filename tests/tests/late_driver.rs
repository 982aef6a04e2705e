//! A driver that comes back late: what it forces then is still given the time to confirm it.

use std::sync::Arc;
use std::time::Duration;

use sundown::{Outcome, Progress, ShutdownGuard, Teardown, Wait, must_shutdown};
use tokio::sync::Notify;

/// Ends a moment after it was forced.
#[derive(Default)]
struct Slow {
    forced: Arc<Notify>,
}

impl Teardown for Slow {
    fn request(&mut self, _: &mut Progress) {}

    fn wait<'a>(&'a mut self, _: &'a mut Progress) -> Wait<'a> {
        let forced = Arc::clone(&self.forced);
        Box::pin(async move {
            forced.notified().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            Outcome::Stopped
        })
    }

    fn force(&mut self, _: &mut Progress) {
        self.forced.notify_one();
    }
}

#[must_shutdown(timeout = "1s", on_drop = "log")]
struct Late {
    #[shutdown]
    slow: Slow,
    #[shutdown(after = slow)]
    next: Slow,
    guard: ShutdownGuard<Self>,
}

/// The thread of the driver is blocked from before the step's deadline until after its limit.
#[tokio::test]
async fn a_force_is_confirmed() {
    let mut late = Late { slow: Slow::default(), next: Slow::default(), guard: ShutdownGuard::new() };
    tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        std::thread::sleep(Duration::from_secs(1));
    });
    let error = late.shutdown().await.unwrap_err();
    assert_eq!(error.report().outcome().word(), "forced", "{error}");
}
