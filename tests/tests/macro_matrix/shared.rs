//! `#[must_shutdown(shared)]`: the methods take `&self`, for values in an `Arc`.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use sundown::{Shared, ShutdownGuard, Tasks, must_shutdown};
use tokio_util::sync::CancellationToken;

#[derive(Default)]
struct Pool {
    closed: AtomicUsize,
    requested: AtomicUsize,
}

impl Pool {
    fn request(&self) {
        self.requested.fetch_add(1, SeqCst);
    }

    async fn close(&self) {
        tokio::task::yield_now().await;
        self.closed.fetch_add(1, SeqCst);
    }
}

#[must_shutdown(shared)]
struct Hub<T: Send + Sync> {
    #[shutdown]
    token: CancellationToken,
    #[shutdown(after = token)]
    jobs: Tasks,
    #[shutdown(after = jobs, with = Pool::close, request = Pool::request)]
    pool: Pool,
    #[shutdown(with = |pool| pool.close(), request = |pool| pool.request(), force = |_: &Pool| ())]
    spare: Option<Pool>,
    #[shutdown(after = spare, with = async |pool: &Option<Pool>| assert!(pool.is_none()))]
    none: Option<Pool>,
    #[shutdown]
    slot: Shared<tokio::task::JoinSet<()>>,
    value: T,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn concurrent_callers_share_one_teardown() {
    let hub = Arc::new(Hub {
        token: CancellationToken::new(),
        jobs: Tasks::new(),
        pool: Pool::default(),
        spare: Some(Pool::default()),
        none: None,
        slot: Shared::new(tokio::task::JoinSet::new()),
        value: 1,
        guard: ShutdownGuard::new(),
    });
    hub.jobs.spawn("a job", hub.token.clone().cancelled_owned()).unwrap();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let hub = Arc::clone(&hub);
            tokio::spawn(async move { hub.shutdown().await.map(|report| report.to_string()) })
        })
        .collect();
    let mut reports = Vec::new();
    for caller in callers {
        reports.push(caller.await.unwrap().unwrap());
    }
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]), "{reports:#?}");
    assert_eq!((hub.pool.closed.load(SeqCst), hub.pool.requested.load(SeqCst)), (1, 1));
    assert_eq!(hub.spare.as_ref().unwrap().closed.load(SeqCst), 1);
    assert_eq!(hub.value, 1);
}

#[must_shutdown(shared)]
struct Small {
    #[shutdown]
    token: CancellationToken,
    guard: ShutdownGuard<Self>,
}

#[test]
fn blocking_and_within() {
    let small = Small { token: CancellationToken::new(), guard: ShutdownGuard::new() };
    small.request_shutdown();
    assert!(small.token.is_cancelled());
    assert!(small.shutdown_blocking().unwrap().is_clean());
    let again = small.shutdown_within(std::time::Duration::from_secs(1));
    let mut again = std::pin::pin!(again);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(again.as_mut().poll(&mut context).is_ready(), "the report of the first call is there");
}

#[tokio::test]
async fn with_shutdown_of_a_shared_value() {
    let small = Arc::new(Small { token: CancellationToken::new(), guard: ShutdownGuard::new() });
    let same = Arc::clone(&small);
    let served = small.with_shutdown(async |small| {
        let task = Arc::clone(small);
        tokio::spawn(async move { task.token.is_cancelled() }).await
    });
    let (output, report) = tokio::spawn(served).await.unwrap();
    assert!(!output.unwrap() && report.unwrap().is_clean());
    assert!(same.token.is_cancelled());
}
