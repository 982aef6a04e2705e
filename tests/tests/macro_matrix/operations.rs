//! `with`, `request` and `force`: every form, and what each leaves in the report.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use sundown::{Outcome, Progress, Report, ShutdownGuard, Teardown, Wait, must_shutdown};
use tokio::sync::{mpsc, oneshot};

/// Counts what was called on it.
#[derive(Clone, Debug, Default)]
struct Pool(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    stopped: AtomicUsize,
    closed: AtomicUsize,
    killed: AtomicUsize,
}

impl Pool {
    fn stop(&self) {
        self.0.stopped.fetch_add(1, SeqCst);
    }

    fn stop_mut(&mut self) -> Result<u32, io::Error> {
        self.stop();
        Err(io::Error::other("cannot stop"))
    }

    async fn close(&self) {
        self.0.closed.fetch_add(1, SeqCst);
    }

    async fn close_mut(&mut self) -> Result<(), io::Error> {
        self.close().await;
        Err(io::Error::other("cannot close"))
    }

    async fn into_closed(self) -> Result<(), &'static str> {
        tokio::task::yield_now().await;
        self.close().await;
        Ok(())
    }

    fn closing(&self) -> impl Future<Output = ()> + use<'_> {
        self.close()
    }

    fn kill(&self) {
        self.0.killed.fetch_add(1, SeqCst);
    }

    fn counts(&self) -> [usize; 3] {
        [&self.0.stopped, &self.0.closed, &self.0.killed].map(|count| count.load(SeqCst))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {}
}

async fn close(pool: &mut Pool) {
    pool.close().await;
}

fn broken(_: &mut Pool) {
    panic!("it broke")
}

async fn never(_: &Pool) {
    std::future::pending().await
}

fn outcome(report: &Report, step: &str) -> String {
    report.find(step).unwrap_or_else(|| panic!("no step {step} in {report}")).outcome().to_string()
}

#[must_shutdown(name = "Plain")]
struct PlainFields {
    #[shutdown(with = Pool::close)]
    method: Pool,
    #[shutdown(with = Pool::close_mut)]
    method_mut: Pool,
    #[shutdown(with = Pool::closing)]
    returns_future: Pool,
    #[shutdown(with = close)]
    function: Pool,
    #[shutdown(with = |pool| pool.close())]
    closure: Pool,
    #[shutdown(with = async |pool| pool.close_mut().await)]
    async_closure: Pool,
    #[shutdown(with = |pool: &Pool| {
        let pool = pool.clone();
        async move { pool.close().await }
    })]
    annotated: Pool,
    #[shutdown(with = Pool::close)]
    through_deref: Arc<Pool>,
    #[shutdown(with = Pool::close)]
    boxed: Box<Pool>,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn with_on_plain_fields() {
    let pool = Pool::default();
    let mut value = PlainFields {
        method: pool.clone(),
        method_mut: pool.clone(),
        returns_future: pool.clone(),
        function: pool.clone(),
        closure: pool.clone(),
        async_closure: pool.clone(),
        annotated: pool.clone(),
        through_deref: Arc::new(pool.clone()),
        boxed: Box::new(pool.clone()),
        guard: ShutdownGuard::new(),
    };
    let report = value.shutdown().await.unwrap_err().into_report();
    assert_eq!(pool.counts(), [0, 9, 0]);
    assert_eq!(outcome(&report, "Plain.method_mut"), "failed: cannot close");
    assert_eq!(outcome(&report, "Plain.async_closure"), "failed: cannot close");
    assert_eq!(report.unclean().count(), 2, "{report}");
}

#[must_shutdown(name = "Optional")]
struct OptionalFields {
    #[shutdown(with = Pool::into_closed)]
    by_value: Option<Pool>,
    #[shutdown(with = |pool| pool.into_closed())]
    by_value_closure: Option<Pool>,
    #[shutdown(with = async |pool: Pool| pool.into_closed().await)]
    by_value_annotated: Option<Pool>,
    #[shutdown(with = Pool::close)]
    by_ref: Option<Pool>,
    #[shutdown(with = |pool: &Pool| pool.closing())]
    by_ref_closure: Option<Pool>,
    #[shutdown(with = Pool::close_mut)]
    by_mut: Option<Pool>,
    #[shutdown(with = async |pool: &mut Pool| pool.close_mut().await)]
    by_mut_closure: Option<Pool>,
    #[shutdown(with = close_option)]
    whole: ::core::option::Option<Pool>,
    #[shutdown(with = async |pool: &mut Option<Pool>| close_option(pool).await)]
    whole_closure: Option<Pool>,
    #[shutdown(with = Pool::into_closed)]
    none: Option<Pool>,
    guard: ShutdownGuard<Self>,
}

async fn close_option(pool: &mut Option<Pool>) {
    if let Some(pool) = pool {
        pool.close().await;
    }
}

#[tokio::test]
async fn with_on_options() {
    let pool = Pool::default();
    let some = || Some(pool.clone());
    let mut value = OptionalFields {
        by_value: some(),
        by_value_closure: some(),
        by_value_annotated: some(),
        by_ref: some(),
        by_ref_closure: some(),
        by_mut: some(),
        by_mut_closure: some(),
        whole: some(),
        whole_closure: some(),
        none: None,
        guard: ShutdownGuard::new(),
    };
    let report = value.shutdown().await.unwrap_err().into_report();
    assert_eq!(pool.counts(), [0, 9, 0]);
    assert!(value.by_value.is_none() && value.by_value_closure.is_none() && value.by_value_annotated.is_none());
    assert!(value.by_ref.is_some() && value.by_mut.is_some() && value.whole.is_some());
    assert_eq!(outcome(&report, "Optional.none"), "stopped");
    assert_eq!(report.unclean().count(), 2, "{report}");
}

/// Closed by functions that are not async.
#[derive(Clone, Default)]
struct Plain(Pool);

impl Plain {
    fn close(&self) {
        self.0.0.closed.fetch_add(1, SeqCst);
    }

    fn close_mut(&mut self) -> Result<(), io::Error> {
        self.close();
        Err(io::Error::other("cannot close"))
    }

    fn into_closed(self) -> Result<(), &'static str> {
        self.close();
        Ok(())
    }
}

#[must_shutdown(name = "NotAsync")]
struct NotAsync {
    #[shutdown(close = Plain::close)]
    method: Plain,
    #[shutdown(close = Plain::close_mut)]
    method_mut: Plain,
    #[shutdown(close = |plain| plain.close_mut())]
    closure: Plain,
    #[shutdown(request = |plain| plain.0.stop(), close = Plain::close, force = |plain| plain.0.kill())]
    requested: Arc<Plain>,
    #[shutdown(close = Plain::into_closed)]
    by_value: Option<Plain>,
    #[shutdown(close = Plain::close)]
    by_ref: Option<Plain>,
    #[shutdown(close = |plain: &mut Plain| plain.close_mut())]
    by_mut: Option<Plain>,
    #[shutdown(close = Plain::into_closed)]
    none: Option<Plain>,
    #[shutdown(after = none, close = |plain| broken(&mut plain.0))]
    panics: Plain,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn close_in_every_form() {
    let plain = Plain::default();
    let mut value = NotAsync {
        method: plain.clone(),
        method_mut: plain.clone(),
        closure: plain.clone(),
        requested: Arc::new(plain.clone()),
        by_value: Some(plain.clone()),
        by_ref: Some(plain.clone()),
        by_mut: Some(plain.clone()),
        none: None,
        panics: plain.clone(),
        guard: ShutdownGuard::new(),
    };
    value.request_shutdown();
    assert_eq!(plain.0.counts()[1], 0, "a request closes nothing");
    let report = value.shutdown().await.unwrap_err().into_report();
    assert_eq!(plain.0.counts(), [1, 7, 0]);
    assert!(value.by_value.is_none() && value.by_ref.is_some());
    for step in ["method_mut", "closure", "by_mut"] {
        assert_eq!(outcome(&report, &format!("NotAsync.{step}")), "failed: cannot close");
    }
    assert_eq!(outcome(&report, "NotAsync.panics"), "panicked: it broke");
    assert_eq!(report.unclean().count(), 4, "{report}");
}

#[must_shutdown(name = "NotAsyncShared", shared)]
struct NotAsyncShared {
    #[shutdown(close = Plain::close)]
    plain: Plain,
    #[shutdown(close = Plain::close)]
    option: Option<Plain>,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn close_of_a_shared_value() {
    let plain = Plain::default();
    let value = NotAsyncShared { plain: plain.clone(), option: Some(plain.clone()), guard: ShutdownGuard::new() };
    assert!(value.shutdown().await.unwrap().is_clean());
    assert!(value.shutdown().await.unwrap().is_clean());
    assert_eq!(plain.0.counts(), [0, 2, 0], "once each");
}

#[must_shutdown(name = "Gated")]
struct Gated {
    #[shutdown(with = async |gate| gate.await.map_err(|error| error.to_string()))]
    gate: Option<oneshot::Receiver<()>>,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn a_value_that_was_taken_goes_on_where_it_was() {
    let (open, gate) = oneshot::channel();
    let mut value = Gated { gate: Some(gate), guard: ShutdownGuard::new() };
    let dropped = tokio::select! {
        biased;
        result = value.shutdown() => Some(result),
        () = tokio::task::yield_now() => None,
    };
    assert!(dropped.is_none() && value.gate.is_none(), "taken, and dropped half-way");
    open.send(()).unwrap();
    assert!(value.shutdown().await.unwrap().is_clean());
}

/// Errors that are not `Error`, or not `Send`.
#[derive(Debug)]
struct OnlyDebug;

struct OnlyDisplay;

impl std::fmt::Display for OnlyDisplay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("only display")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("outer")]
struct Chained(#[source] io::Error);

#[must_shutdown(name = "Asked")]
struct Asked {
    #[shutdown(request = Pool::stop, with = Pool::close)]
    method: Pool,
    #[shutdown(request = Pool::stop_mut, with = Pool::close)]
    fails: Pool,
    #[shutdown(request = |pool| pool.stop_mut().map_err(Chained), with = Pool::close)]
    chained: Pool,
    #[shutdown(request = |_| Err::<(), _>("text"), with = Pool::close)]
    text: Pool,
    #[shutdown(request = |_| Err::<u8, _>(OnlyDisplay), with = Pool::close)]
    display: Pool,
    #[shutdown(request = |_| Err::<(), _>(OnlyDebug), with = Pool::close)]
    debug: Pool,
    #[shutdown(request = |_| Err::<(), _>(anyhow::anyhow!("any").context("how")), with = Pool::close)]
    any: Pool,
    #[shutdown(request = |orders| orders.try_send("stop"), with = mpsc::Sender::closed)]
    channel: mpsc::Sender<&'static str>,
    #[shutdown(request = |stop| stop.send(()))]
    stop: Option<oneshot::Sender<()>>,
    #[shutdown(request = broken, with = Pool::close)]
    panics: Pool,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn ask_in_every_form() {
    let pool = Pool::default();
    let (orders, mut received) = mpsc::channel(1);
    let (stop, stopped) = oneshot::channel();
    let mut value = Asked {
        method: pool.clone(),
        fails: pool.clone(),
        chained: pool.clone(),
        text: pool.clone(),
        display: pool.clone(),
        debug: pool.clone(),
        any: pool.clone(),
        channel: orders,
        stop: Some(stop),
        panics: pool.clone(),
        guard: ShutdownGuard::new(),
    };
    let receiver = tokio::spawn(async move {
        let order = received.recv().await;
        stopped.await.unwrap();
        order
    });
    let report = value.shutdown().await.unwrap_err().into_report();
    assert_eq!(receiver.await.unwrap(), Some("stop"));
    assert_eq!(pool.counts(), [3, 8, 0]);
    assert_eq!(outcome(&report, "Asked.method"), "stopped");
    assert_eq!(outcome(&report, "Asked.fails"), "failed: cannot stop");
    assert_eq!(outcome(&report, "Asked.chained"), "failed: outer: cannot stop");
    assert_eq!(outcome(&report, "Asked.text"), "failed: text");
    assert_eq!(outcome(&report, "Asked.display"), "failed: only display");
    assert_eq!(outcome(&report, "Asked.debug"), "failed: OnlyDebug");
    assert_eq!(outcome(&report, "Asked.any"), "failed: how: any");
    assert_eq!(outcome(&report, "Asked.channel"), "stopped");
    assert_eq!(outcome(&report, "Asked.stop"), "stopped");
    assert_eq!(outcome(&report, "Asked.panics"), "panicked: it broke");
}

#[must_shutdown(name = "Forced", timeout = "1s")]
struct ForcedFields {
    #[shutdown(with = never, force = Pool::kill)]
    killed: Pool,
    #[shutdown(with = never)]
    no_force: Pool,
    #[shutdown(with = |pool: &Pool| never_owned(pool.clone()), force = |pool: &mut Pool| pool.kill())]
    option: Option<Pool>,
    #[shutdown(with = never_owned)]
    taken: Option<Pool>,
    #[shutdown(with = async |pool| broken(pool))]
    panics: Pool,
    guard: ShutdownGuard<Self>,
}

async fn never_owned(pool: Pool) {
    never(&pool).await;
}

#[tokio::test(start_paused = true)]
async fn force_in_every_form() {
    let pool = Pool::default();
    let mut value = ForcedFields {
        killed: pool.clone(),
        no_force: pool.clone(),
        option: Some(pool.clone()),
        taken: Some(pool.clone()),
        panics: pool.clone(),
        guard: ShutdownGuard::new(),
    };
    let report = value.shutdown().await.unwrap_err().into_report();
    assert_eq!(pool.counts(), [0, 0, 2]);
    let unforced = "abandoned: it has no `force`; its `with` was dropped at the deadline";
    assert_eq!(outcome(&report, "Forced.no_force"), unforced);
    assert_eq!(outcome(&report, "Forced.taken"), unforced);
    assert_eq!(outcome(&report, "Forced.killed"), "abandoned: still running after it was forced");
    assert_eq!(outcome(&report, "Forced.panics"), "panicked: it broke");
    assert!(report.took() <= Duration::from_secs(1));
    drop(value);
    assert_eq!(Arc::strong_count(&pool.0), 1, "the future that has the pool is dropped");
}

/// A resource with moves of its own.
#[derive(Debug, Default)]
struct Own {
    requested: usize,
    forced: usize,
}

impl Own {
    fn ask_twice(&mut self) {
        self.requested += 2;
    }
}

impl Teardown for Own {
    fn request(&mut self, _progress: &mut Progress) {
        self.requested += 1;
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            progress.detail("its own wait");
            Outcome::Stopped
        })
    }

    fn force(&mut self, _progress: &mut Progress) {
        self.forced += 1;
    }
}

#[must_shutdown(name = "Mixed", timeout = "1s")]
struct MixedFields {
    #[shutdown(request = Own::ask_twice)]
    other_ask: Own,
    #[shutdown(with = async |_| ())]
    other_wait: Own,
    #[shutdown(with = async |_| std::future::pending::<()>().await)]
    own_force: Own,
    #[shutdown(force = |own| own.forced += 10, after = other_ask)]
    other_force: Own,
    guard: ShutdownGuard<Self>,
}

#[tokio::test(start_paused = true)]
async fn moves_that_are_not_named_are_the_types_own() {
    let mut value = MixedFields {
        other_ask: Own::default(),
        other_wait: Own::default(),
        own_force: Own::default(),
        other_force: Own::default(),
        guard: ShutdownGuard::new(),
    };
    let report = value.shutdown().await.unwrap_err().into_report();
    assert_eq!((value.other_ask.requested, value.other_wait.requested, value.other_force.requested), (2, 1, 1));
    assert_eq!((value.own_force.forced, value.other_force.forced), (1, 0));
    assert_eq!(report.find("Mixed.other_ask").unwrap().detail(), Some("its own wait"));
    assert_eq!(report.find("Mixed.other_wait").unwrap().detail(), None);
}

/// Moves that name parameters of the struct, and `Self`.
#[must_shutdown(name = "Generic")]
struct GenericMoves<'a, T: Clone + Send + Sync + 'a> {
    #[shutdown(with = Self::finish, request = |held: &mut Held<'a, T>| held.1 = true)]
    held: Held<'a, T>,
    #[shutdown(with = async |held: &Held<'a, T>| assert!(!held.1))]
    optional: Option<Held<'a, T>>,
    guard: ShutdownGuard<Self>,
}

struct Held<'a, T>(&'a T, bool);

impl<'a, T: Clone + Send + Sync + 'a> GenericMoves<'a, T> {
    async fn finish(held: &mut Held<'a, T>) -> Result<(), String> {
        let _ = held.0.clone();
        if held.1 { Ok(()) } else { Err("not asked".to_owned()) }
    }
}

#[tokio::test]
async fn moves_of_a_generic_struct() {
    let number = 1;
    let mut value =
        GenericMoves { held: Held(&number, false), optional: Some(Held(&number, false)), guard: ShutdownGuard::new() };
    assert!(value.shutdown().await.unwrap().is_clean());
}

/// Says when it was closed.
struct Connection(oneshot::Sender<()>);

impl Connection {
    async fn close(self) {
        tokio::task::yield_now().await;
        let _ = self.0.send(());
    }
}

#[must_shutdown(on_drop = "log")]
struct Dropped {
    #[shutdown(with = Connection::close)]
    connection: Option<Connection>,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn what_is_in_an_option_is_closed_after_a_drop() {
    let (closed, was_closed) = oneshot::channel();
    drop(Dropped { connection: Some(Connection(closed)), guard: ShutdownGuard::new() });
    assert_eq!(was_closed.await, Ok(()), "moved out of the value, and closed by the reaper");
}

#[tokio::test]
async fn what_was_taken_is_closed_after_a_drop() {
    let (closed, was_closed) = oneshot::channel();
    let mut value = Dropped { connection: Some(Connection(closed)), guard: ShutdownGuard::new() };
    tokio::select! {
        biased;
        _ = value.shutdown() => panic!("it yields first"),
        () = std::future::ready(()) => {}
    }
    assert!(value.connection.is_none(), "its future is in the progress");
    drop(value);
    assert_eq!(was_closed.await, Ok(()));
}
