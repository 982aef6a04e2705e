//! What the task of a member of a group meets: no runtime, a panic, a shutdown at the same time.

use std::cell::RefCell;
use std::future::{Future, ready};
use std::io;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sundown::{Ended, Group, Progress, Report, ShutdownError, Tasks, Teardown, Wait, Watch};
use sundown_tests::{GENEROUS, Spy};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context as Layers, Layer, SubscriberExt as _};

/// A group, where all events have a subscriber from the first one on: an event that another thread meets for the first time
/// while a subscriber is set may be off for good.
fn group(name: &'static str) -> Group {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(ShutsDown)).unwrap();
    });
    Group::new(name)
}

/// The task of a member that is dropped before its first poll has let go of the member all the same.
#[test]
fn a_member_whose_task_never_ran_is_stopped() {
    let group = group("tenants");
    let spy = Spy::released();
    let first = Builder::new_current_thread().enable_all().build().unwrap();
    {
        let _entered = first.enter();
        group.add("a", spy.clone()).unwrap();
        group.restarting("b", [Duration::ZERO], || async { Ok::<_, io::Error>(Tasks::new()) }).unwrap();
    }
    drop(first);
    let second = Builder::new_current_thread().enable_all().build().unwrap();
    second.block_on(async {
        let began = Instant::now();
        group.shutdown_within(2 * GENEROUS).await.unwrap();
        assert!(began.elapsed() < GENEROUS, "{:?}", began.elapsed());
    });
    assert_eq!(spy.moves().len(), 2);
}

#[test]
fn outside_of_a_runtime_nobody_becomes_a_member() {
    let group = group("tenants");
    let added = catch_unwind(AssertUnwindSafe(|| group.add("a", Tasks::new())));
    assert!(added.is_err() && group.is_empty(), "{group:?}");
    let start = || async { Ok::<_, io::Error>(Tasks::new()) };
    let added = catch_unwind(AssertUnwindSafe(|| group.restarting("b", [Duration::ZERO], start)));
    assert!(added.is_err() && group.is_empty(), "{group:?}");
}

/// A task, and a drop that panics.
struct PanicsInDrop(JoinHandle<io::Result<()>>);

impl Teardown for PanicsInDrop {
    fn request(&mut self, progress: &mut Progress) {
        self.0.request(progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        self.0.wait(progress)
    }

    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        self.0.watch(progress)
    }

    fn force(&mut self, progress: &mut Progress) {
        self.0.force(progress);
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("in its drop");
    }
}

async fn failed(group: &Group) -> Ended {
    timeout(GENEROUS, group.failed()).await.expect("a failure")
}

fn failures(report: &Report) -> &str {
    report.find("Group.members").unwrap().detail().unwrap_or_default()
}

#[tokio::test]
async fn a_member_whose_drop_panics_leaves_and_has_failed() {
    let group = group("tenants");
    group.add("fails", PanicsInDrop(tokio::spawn(async { Err(io::Error::other("no disk")) }))).unwrap();
    assert_eq!(failed(&group).await.to_string(), "`Group.members[\"fails\"]` failed: no disk");
    assert!(group.is_empty());
    group.add("ends", PanicsInDrop(tokio::spawn(async { Ok(()) }))).unwrap();
    assert_eq!(failed(&group).await.to_string(), "`Group.members[\"ends\"]` panicked: in its drop");
    assert!(group.is_empty());

    let starts = Arc::new(AtomicUsize::new(0));
    let started = Arc::clone(&starts);
    let start = move || {
        started.fetch_add(1, SeqCst);
        async { Ok::<_, io::Error>(PanicsInDrop(tokio::spawn(async { Ok(()) }))) }
    };
    group.restarting("again", [Duration::ZERO], start).unwrap();
    assert_eq!(failed(&group).await.to_string(), "`Group.members[\"again\"]` panicked: in its drop");
    assert_eq!(starts.load(SeqCst), 2);
    assert!(group.is_empty());
    let report = group.shutdown().await.unwrap();
    assert!(failures(&report).contains("\"fails\" failed: no disk"), "{report}");
}

#[tokio::test]
async fn a_member_whose_delays_panic_leaves_and_has_failed() {
    let group = group("feeds");
    let delays = iter::repeat_with(|| panic!("in its delays"));
    group.restarting("feed", delays, || async { Err::<Tasks, _>("no disk") }).unwrap();
    assert_eq!(failed(&group).await.to_string(), "`Group.members[\"feed\"]` panicked: in its delays");
    assert!(group.is_empty());
    let report = group.shutdown().await.unwrap();
    assert!(failures(&report).contains("failed: no disk"), "{report}");
}

/// A start of two minutes is no run of the member.
#[tokio::test(start_paused = true)]
async fn a_slow_start_that_fails_is_no_steady_run() {
    let (starts, group) = (Arc::new(AtomicUsize::new(0)), group("feeds"));
    let started = Arc::clone(&starts);
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let start = move || {
        let nth = started.fetch_add(1, SeqCst);
        async move {
            sleep(minutes(2)).await;
            match nth {
                0 => Err(io::Error::other("not yet")),
                _ => Ok(tokio::spawn(async { Err::<(), _>(io::Error::other("gone")) })),
            }
        }
    };
    group.restarting("feed", [Duration::ZERO; 2], start).unwrap();
    timeout(minutes(60), group.failed()).await.expect("the attempts are bounded");
    assert_eq!(starts.load(SeqCst), 3);
    group.shutdown().await.unwrap();
}

type Shutdown = Pin<Box<dyn Future<Output = Result<Report, ShutdownError>>>>;

thread_local! {
    /// The group that is shut down when one of its members has failed, and that shutdown.
    static OF: RefCell<Option<Group>> = const { RefCell::new(None) };
    static SHUTDOWN: RefCell<Option<Shutdown>> = const { RefCell::new(None) };
}

struct ShutsDown;

impl<S: Subscriber> Layer<S> for ShutsDown {
    fn on_event(&self, event: &Event<'_>, _: Layers<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        if let Some(group) = OF.take() {
            let mut shutdown: Shutdown = Box::pin(async move { group.shutdown().await });
            SHUTDOWN.set(Some(match shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => shutdown,
                Poll::Ready(result) => Box::pin(ready(result)),
            }));
        }
    }
}

/// A shutdown that begins in the moment in which the member leaves has the failure in its report.
#[tokio::test]
async fn a_failure_is_in_the_report_of_a_shutdown_at_the_same_time() {
    let group = group("tenants");
    OF.set(Some(group.clone()));
    group.add("a", tokio::spawn(async { Err::<(), _>(io::Error::other("no disk")) })).unwrap();
    failed(&group).await;
    let report = SHUTDOWN.take().expect("the failure was an event").await.unwrap();
    assert_eq!(failures(&report), "before: \"a\" failed: no disk");
}

#[test]
fn without_a_timer_a_failed_member_leaves() {
    let group = group("feeds");
    Builder::new_current_thread().build().unwrap().block_on(async {
        group.restarting("feed", [Duration::ZERO; 9], || async { Err::<Tasks, _>("no disk") }).unwrap();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(group.is_empty(), "{group:?}");
        let ended = group.failed().await;
        assert!(ended.to_string().starts_with("`Group.members[\"feed\"]` panicked: "), "{ended}");
    });
}
