//! The report of a start that has failed half-way is in the exit, whatever has become of its error. Alone in its file: a
//! root whose start fails stops what else there is in the process.

use std::error::Error;
use std::time::Duration;

use anyhow::Context as _;
use sundown::{Root, ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(starting)]
struct Service {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

async fn start() -> Result<Service, sundown::StartError> {
    Service::starting_with(async |start| {
        let _start = start.jobs(Tasks::new());
        Err(std::io::Error::other("no database"))
    })
    .await
}

async fn report_of<E: Into<Box<dyn Error + Send + Sync>>>(
    start: impl AsyncFnOnce() -> Result<Service, E>,
) -> Option<String> {
    let root = Root::new().grace(Duration::from_secs(20)).on_exit(|_| ());
    let exit = root.run_async(async |_| start().await).await;
    assert_eq!(exit.code(), 5);
    exit.report().map(|report| report.name().to_owned())
}

#[tokio::test]
async fn it_is_in_the_exit() {
    let said = Some("Service".to_owned());
    assert_eq!(report_of(start).await, said, "as it is");
    assert_eq!(report_of(async || anyhow::Ok(start().await?)).await, said, "in another");
    assert_eq!(report_of(async || start().await.context("the service")).await, said, "below another");
    // One that was handled is not the one of this start.
    let later = async || {
        let _ = start().await;
        Err::<Service, _>(std::io::Error::other("no cache"))
    };
    assert_eq!(report_of(later).await, None);
}
