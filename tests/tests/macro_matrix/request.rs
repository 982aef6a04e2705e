//! `request_shutdown(&self)`: what can be asked through `&` and waits for nothing is asked.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

#[derive(Default)]
struct Asked(AtomicUsize);

impl Asked {
    fn request(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    fn request_mut(&mut self) {
        self.request();
    }

    async fn close(&self) {}

    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

fn broken(_: &Asked) {
    panic!("must not spare the others")
}

#[derive(Teardown)]
struct Inner {
    #[shutdown]
    token: CancellationToken,
    #[shutdown(after = token)]
    later: CancellationToken,
}

#[must_shutdown]
struct Roots {
    #[shutdown]
    token: CancellationToken,
    #[shutdown]
    flag: watch::Sender<bool>,
    #[shutdown(after = token)]
    later: CancellationToken,
    #[shutdown]
    tasks: Tasks,
    #[shutdown]
    needs_mut: tokio::task::JoinSet<()>,
    #[shutdown(with = Asked::close, request = Asked::request)]
    by_path: Asked,
    #[shutdown(with = Asked::close, request = Asked::request_mut)]
    by_path_mut: Asked,
    #[shutdown(with = Asked::close, request = |asked: &Asked| asked.request())]
    by_closure: Asked,
    #[shutdown(with = Asked::close, request = |asked: &mut Asked| asked.request())]
    by_closure_mut: Asked,
    #[shutdown(with = Asked::close, request = Asked::request)]
    optional: Option<Asked>,
    #[shutdown(with = Asked::close, request = |asked: &Asked| asked.request())]
    optional_closure: Option<Asked>,
    #[shutdown(with = Asked::close, request = broken)]
    panics: Asked,
    #[shutdown(request = |orders: &mpsc::Sender<()>| orders.try_send(()), with = async |_| ())]
    orders: mpsc::Sender<()>,
    #[shutdown]
    inner: Inner,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn roots_are_asked_through_a_shared_reference() {
    let (orders, mut received) = mpsc::channel(4);
    let value = Roots {
        token: CancellationToken::new(),
        flag: watch::Sender::new(false),
        later: CancellationToken::new(),
        tasks: Tasks::new(),
        needs_mut: tokio::task::JoinSet::new(),
        by_path: Asked::default(),
        by_path_mut: Asked::default(),
        by_closure: Asked::default(),
        by_closure_mut: Asked::default(),
        optional: Some(Asked::default()),
        optional_closure: Some(Asked::default()),
        panics: Asked::default(),
        orders,
        inner: Inner { token: CancellationToken::new(), later: CancellationToken::new() },
        guard: ShutdownGuard::new(),
    };
    let stop = value.guard.stop_token();
    value.request_shutdown();
    assert!(value.guard.stop_requested() && stop.is_cancelled());
    assert!(value.token.is_cancelled() && *value.flag.borrow() && value.tasks.is_closed());
    assert!(value.inner.token.is_cancelled());
    assert!(!value.later.is_cancelled() && !value.inner.later.is_cancelled(), "these wait for another");
    assert_eq!((value.by_path.count(), value.by_closure.count()), (1, 1));
    assert_eq!((value.by_path_mut.count(), value.by_closure_mut.count()), (0, 0), "these need `&mut`");
    assert_eq!(value.optional.as_ref().map(Asked::count), Some(1));
    assert_eq!(value.optional_closure.as_ref().map(Asked::count), Some(1));
    assert_eq!(received.try_recv(), Ok(()));

    let mut value = value;
    let report = value.shutdown().await.unwrap_err().into_report();
    assert_eq!(report.unclean().count(), 1, "the shutdown asks again, and reports the panic: {report}");
    assert_eq!((value.by_path.count(), value.by_path_mut.count(), value.by_closure_mut.count()), (2, 1, 1));
}
