//! The generated methods: who can call them, from where, with what result.

use std::time::Duration;

use sundown::{ShutdownGuard, Tasks, must_shutdown};
use tokio_util::sync::CancellationToken;

#[must_shutdown(timeout = "1s")]
struct Runner {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop)]
    jobs: Tasks,
    #[shutdown(after = jobs, with = async |log| log.clear())]
    log: Vec<String>,
    guard: ShutdownGuard<Self>,
}

impl Runner {
    fn start() -> Self {
        Runner {
            stop: CancellationToken::new(),
            jobs: Tasks::new(),
            log: vec!["started".to_owned()],
            guard: ShutdownGuard::new(),
        }
    }

    async fn serve(&mut self, until: CancellationToken) -> Result<usize, String> {
        self.jobs.spawn("ends by itself", self.stop.clone().cancelled_owned()).map_err(|_| "closed")?;
        until.cancelled().await;
        Ok(self.log.len())
    }
}

fn sent<T: Send>(value: T) -> T {
    value
}

#[tokio::test]
async fn every_future_is_send() {
    let mut runner = Runner::start();
    sent(runner.shutdown()).await.unwrap();
    sent(runner.shutdown_within(Duration::from_secs(2))).await.unwrap();
}

#[tokio::test]
async fn with_shutdown_can_be_spawned() {
    let until = CancellationToken::new();
    let token = until.clone();
    let task = tokio::spawn(Runner::start().with_shutdown(async move |runner| runner.serve(token).await));
    until.cancel();
    let (output, report) = task.await.unwrap();
    assert_eq!(output, Ok(1));
    assert!(report.unwrap().is_clean());
}

#[tokio::test]
async fn with_shutdown_takes_a_function() {
    async fn count(runner: &mut Runner) -> usize {
        runner.log.len()
    }
    let (output, report) = tokio::spawn(Runner::start().with_shutdown(count)).await.unwrap();
    assert_eq!(output, 1);
    assert!(report.unwrap().is_clean());
}

#[tokio::test]
async fn with_shutdown_borrows_from_around_it() {
    let mut seen = Vec::new();
    let (error, report) = Runner::start()
        .with_shutdown(async |runner| {
            seen.push(runner.log.len());
            Err::<(), _>("early")?;
            Ok::<(), &str>(())
        })
        .await;
    assert_eq!((error, seen), (Err("early"), vec![1]));
    assert!(report.unwrap().is_clean());
}

#[tokio::test]
async fn with_shutdown_shuts_down_after_a_panic() {
    let runner = Runner::start();
    let stop = runner.stop.clone();
    let task = tokio::spawn(runner.with_shutdown(async |_| -> () { panic!("serve broke") }));
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref(), Some(&"serve broke"));
    assert!(stop.is_cancelled());
}

/// The visibility of the methods is that of the struct, and names of the methods' parameters yield to the struct's.
mod inner {
    use sundown::{ShutdownGuard, Teardown, must_shutdown};

    #[must_shutdown]
    pub(super) struct Visible<F, T>
    where
        T: Teardown + Send,
    {
        #[shutdown]
        pub(super) inner: T,
        pub(super) function: F,
        pub(super) guard: ShutdownGuard<Self>,
    }
}

#[tokio::test]
async fn visibility_and_names_of_parameters() {
    let visible = inner::Visible { inner: Tasks::new(), function: || 2, guard: ShutdownGuard::new() };
    visible.request_shutdown();
    let (output, report) = visible.with_shutdown(async |visible| (visible.function)()).await;
    assert_eq!(output, 2);
    assert!(report.unwrap().is_clean());
}
