//! Values with several owners: `shared` types, nested types.

use std::sync::Arc;

use sundown::{Phase, ShutdownGuard, Teardown, must_shutdown};
use sundown_tests::{Spy, What};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[must_shutdown(shared, timeout = "10s", on_drop = "log")]
struct Server {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop)]
    connections: TaskTracker,
    guard: ShutdownGuard<Self>,
}

impl Server {
    fn new() -> Arc<Self> {
        let server =
            Server { stop: CancellationToken::new(), connections: TaskTracker::new(), guard: ShutdownGuard::new() };
        server.connections.spawn(server.stop.clone().cancelled_owned());
        Arc::new(server)
    }
}

#[tokio::test]
async fn concurrent_callers_share_one_teardown() {
    let server = Server::new();
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.shutdown().await.unwrap().to_string() })
        })
        .collect();
    let mut reports = Vec::new();
    for caller in callers {
        reports.push(caller.await.unwrap());
    }
    reports.dedup();
    assert_eq!(reports.len(), 1, "everybody got the same report");
}

#[tokio::test]
async fn a_caller_that_is_dropped_hands_over() {
    let server = Server::new();
    let hold = CancellationToken::new();
    server.connections.spawn(hold.clone().cancelled_owned());
    let mut first = Box::pin(server.shutdown());
    let pending = std::future::poll_fn(|cx| std::task::Poll::Ready(first.as_mut().poll(cx).is_pending())).await;
    assert!(pending);
    let second = tokio::spawn({
        let server = Arc::clone(&server);
        async move { server.shutdown().await }
    });
    tokio::task::yield_now().await; // the second waits for the first
    drop(first);
    hold.cancel();
    assert!(second.await.unwrap().unwrap().is_clean());
}

#[tokio::test]
async fn a_shared_value_in_a_struct() {
    #[must_shutdown(on_drop = "log")]
    struct Owner {
        #[shutdown]
        server: Arc<Server>,
        guard: ShutdownGuard<Self>,
    }
    let server = Server::new();
    let mut owner = Owner { server: Arc::clone(&server), guard: ShutdownGuard::new() };
    let report = owner.shutdown().await.unwrap();
    assert!(report.find("Server.connections").is_some(), "{report}");
    assert_eq!(server.guard.phase(), Phase::Settled);
}

#[derive(Teardown)]
struct Pool {
    #[shutdown]
    reader: Spy,
    #[shutdown(after = reader)]
    writer: Spy,
}

#[must_shutdown(timeout = "10s", on_drop = "panic")]
struct Inner {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(timeout = "10s", on_drop = "panic")]
struct Outer {
    #[shutdown]
    pool: Pool,
    #[shutdown(after = pool)]
    inner: Inner,
    guard: ShutdownGuard<Self>,
}

fn released() -> Spy {
    let spy = Spy::new();
    spy.release();
    spy
}

#[tokio::test]
async fn nested_values_are_in_the_tree_and_settled() {
    let mut outer = Outer {
        pool: Pool { reader: released(), writer: released() },
        inner: Inner { spy: released(), guard: ShutdownGuard::new() },
        guard: ShutdownGuard::new(),
    };
    let report = outer.shutdown().await.unwrap();
    let names: Vec<_> = report.walk().map(|step| step.name().to_owned()).collect();
    assert_eq!(names, ["Outer.pool", "Pool.reader", "Pool.writer", "Outer.inner", "Inner.spy"]);
    assert_eq!(outer.inner.guard.phase(), Phase::Settled);
}

#[tokio::test]
async fn an_inner_value_that_was_shut_down_before_its_owner() {
    let spy = released();
    let mut outer = Outer {
        pool: Pool { reader: released(), writer: released() },
        inner: Inner { spy: spy.clone(), guard: ShutdownGuard::new() },
        guard: ShutdownGuard::new(),
    };
    let _ = outer.inner.shutdown().await.unwrap();
    let report = outer.shutdown().await.unwrap();
    assert!(report.find("Inner.spy").is_some(), "its report is in the owner's: {report}");
    assert_eq!(spy.moves(), [What::Asked, What::Ended], "not touched again");
}

#[tokio::test]
async fn an_inner_value_whose_shutdown_was_dropped_half_way() {
    let spy = Spy::new();
    let mut outer = Outer {
        pool: Pool { reader: released(), writer: released() },
        inner: Inner { spy: spy.clone(), guard: ShutdownGuard::new() },
        guard: ShutdownGuard::new(),
    };
    {
        let mut half = Box::pin(outer.inner.shutdown());
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(half.as_mut().poll(cx).is_pending())).await);
    }
    spy.release();
    assert!(outer.shutdown().await.unwrap().is_clean());
    assert_eq!(spy.moves(), [What::Asked, What::Ended], "asked once");
}
