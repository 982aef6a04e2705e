//! What a dropped value does on the reaper delays no other value: neither a call that does not return, nor a drop that
//! blocks, nor a panic.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use sundown::{Outcome, Progress, ShutdownGuard, Tasks, Teardown, Wait, must_shutdown, registry};
use sundown_tests::{GENEROUS, Spy, What, thread_names};
use tokio::task::coop::consume_budget;

/// What keeps the reaper's thread, and where; all of it until the test lets go, or the test's end.
#[derive(Clone)]
struct Hostile {
    place: Place,
    release: Arc<AtomicBool>,
    /// Sent to when it is there.
    inside: mpsc::Sender<()>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// A poll without any resource of tokio's.
    Poll,
    /// A poll of tokio's resources, which never are pending where no budget is set.
    TokioPoll,
    /// As that, and tokio is asked not to count.
    Unconstrained,
    Force,
    Drop,
    /// A panic in a poll, and a drop that blocks.
    PanicAndDrop,
}

impl Hostile {
    fn stay(&self) {
        let _ = self.inside.send(());
        while !self.release.load(Ordering::Relaxed) {
            std::hint::spin_loop();
            thread::yield_now();
        }
    }
}

impl Teardown for Hostile {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            match self.place {
                Place::Poll => self.stay(),
                Place::TokioPoll => {
                    let _ = self.inside.send(());
                    while !self.release.load(Ordering::Relaxed) {
                        consume_budget().await;
                    }
                }
                Place::Unconstrained => {
                    let _ = self.inside.send(());
                    let forever = async {
                        while !self.release.load(Ordering::Relaxed) {
                            consume_budget().await;
                        }
                    };
                    tokio::task::unconstrained(forever).await;
                }
                Place::PanicAndDrop => panic!("a hostile poll"),
                Place::Force => std::future::pending().await,
                Place::Drop => {}
            }
            Outcome::Stopped
        })
    }

    fn force(&mut self, _progress: &mut Progress) {
        if self.place == Place::Force {
            self.stay();
        }
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        let blocks = matches!(self.place, Place::Drop | Place::PanicAndDrop);
        Some(if blocks { Box::new(BlockingDrop(self.clone())) } else { Box::new(self.clone()) })
    }
}

struct BlockingDrop(Hostile);

impl Teardown for BlockingDrop {
    fn request(&mut self, _progress: &mut Progress) {}
    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        self.0.wait(progress)
    }
    fn force(&mut self, _progress: &mut Progress) {}
}

impl Drop for BlockingDrop {
    fn drop(&mut self) {
        self.0.stay();
    }
}

#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Stuck {
    #[shutdown]
    hostile: Hostile,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(timeout = "10s", on_drop = "log")]
struct Ends {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct MustBeForced {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

/// The tests look at the threads of one process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was dropped and keeps its thread; it lets go of that at the end of the test, whatever becomes of it.
struct Held(Vec<Arc<AtomicBool>>);

impl Held {
    fn new() -> Self {
        Held(Vec::new())
    }

    /// Drops a value and returns when it keeps its thread.
    fn drop(&mut self, place: Place) {
        let (inside, is_inside) = mpsc::channel();
        let release = Arc::new(AtomicBool::new(false));
        self.0.push(Arc::clone(&release));
        drop(Stuck { hostile: Hostile { place, release, inside }, guard: ShutdownGuard::new() });
        is_inside.recv_timeout(GENEROUS).unwrap_or_else(|error| panic!("{place:?} did not come to that: {error}"));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.iter().for_each(|release| release.store(true, Ordering::Relaxed));
        wait_until("the reaper's threads end", || reapers() == 0);
    }
}

/// How many threads the reaper has.
fn reapers() -> usize {
    thread_names().iter().filter(|name| *name == "sundown-reaper").count()
}

/// Of what has no event.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + GENEROUS;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {GENEROUS:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Drops values that stop by themselves, and such that must be forced, and waits for all of them.
fn others_are_served(count: usize) {
    let start = Instant::now();
    let ends: Vec<_> = (0..count)
        .map(|_| {
            let spy = Spy::new();
            drop(Ends { spy: spy.clone(), guard: ShutdownGuard::new() });
            spy
        })
        .collect();
    let forced: Vec<_> = (0..count)
        .map(|_| {
            let spy = Spy::new();
            drop(MustBeForced { spy: spy.clone(), guard: ShutdownGuard::new() });
            spy
        })
        .collect();
    ends.iter().for_each(Spy::release);
    for spy in ends {
        let _ = spy.thread_of(What::Ended);
        assert_eq!(spy.moves(), [What::Requested, What::Ended]);
    }
    for spy in forced {
        let _ = spy.thread_of(What::Ended);
        assert_eq!(spy.moves(), [What::Requested, What::Forced, What::Ended]);
    }
    assert!(start.elapsed() < Duration::from_secs(8), "took {:?}", start.elapsed());
}

fn one_that_keeps_its_thread_delays_no_other(place: Place) {
    let _alone = alone();
    let mut held = Held::new();
    held.drop(place);
    others_are_served(10);
}

#[test]
fn a_poll_that_does_not_return() {
    one_that_keeps_its_thread_delays_no_other(Place::Poll);
}

#[test]
fn a_poll_that_always_has_work() {
    one_that_keeps_its_thread_delays_no_other(Place::TokioPoll);
}

#[test]
fn a_poll_that_always_has_work_and_no_budget() {
    one_that_keeps_its_thread_delays_no_other(Place::Unconstrained);
}

#[test]
fn a_force_that_does_not_return() {
    one_that_keeps_its_thread_delays_no_other(Place::Force);
}

#[test]
fn a_drop_that_blocks() {
    one_that_keeps_its_thread_delays_no_other(Place::Drop);
}

#[test]
fn a_panic_and_a_drop_that_blocks() {
    one_that_keeps_its_thread_delays_no_other(Place::PanicAndDrop);
}

#[test]
fn several_at_once() {
    let _alone = alone();
    let mut held = Held::new();
    for place in [Place::Poll, Place::Drop, Place::Force, Place::Unconstrained, Place::PanicAndDrop] {
        held.drop(place);
    }
    others_are_served(100);
    assert!(reapers() >= 5, "each of them has its thread to itself");
}

#[test]
fn a_hundred_values_take_two_threads() {
    let _alone = alone();
    let spies: Vec<_> = (0..100).map(|_| Spy::new()).collect();
    for spy in &spies {
        drop(Ends { spy: spy.clone(), guard: ShutdownGuard::new() });
    }
    // While a burst lasts there may be more, each outside while the others are inside: they end when they find nothing to do.
    wait_until("two threads wait", || (1..=2).contains(&reapers()));
    for spy in spies {
        spy.release();
        let _ = spy.thread_of(What::Ended);
        assert_eq!(spy.moves(), [What::Requested, What::Ended]);
    }
    wait_until("the reaper's threads end", || reapers() == 0);
}

/// The step is named at the value's deadline, and who waits for it learns that it was abandoned.
#[test]
fn it_is_abandoned_by_name_at_its_deadline() {
    let _alone = alone();
    let events = Events::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(events.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut held = Held::new();
    held.drop(Place::Poll);
    let report = registry::shutdown_all_blocking(Duration::from_secs(20)).unwrap_err().into_report();
    let step = report.walk().find(|step| step.name().starts_with("Stuck, dropped")).expect("it is in the registry");
    assert_eq!(step.outcome().word(), "abandoned", "{report}");
    assert!(step.outcome().to_string().contains("`Stuck.hostile`: a call of it has not returned"), "{report}");
    assert!(report.took() < Duration::from_secs(10), "{report}");
    let named = "Stuck.hostile  abandoned";
    assert!(events.text().contains(named), "{}", events.text());
    assert!(!events.text().contains("ended after it was abandoned"));
    drop(held);
    assert!(events.text().contains("ended after it was abandoned"), "{}", events.text());
}

#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<u8>>>);

impl Events {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Events {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Events {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[must_shutdown(timeout = "400ms", on_drop = "log")]
struct Service {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

/// Members that are greedy, of a value that is dropped in a task: the reaper aborts them.
#[test]
fn tasks_that_always_have_work() {
    let _alone = alone();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&running);
    runtime.block_on(async move {
        let tasks = Tasks::new();
        for _ in 0..4 {
            let running = Counted::new(&counted);
            let greedy = async move {
                let _running = running;
                loop {
                    consume_budget().await;
                }
            };
            let _handle = tasks.spawn("greedy", greedy).unwrap();
        }
        tokio::spawn(async move { drop(Service { tasks, guard: ShutdownGuard::new() }) }).await.unwrap();
    });
    wait_until("they are aborted", || running.load(Ordering::Relaxed) == 0);
    wait_until("the reaper's threads end", || reapers() == 0);
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
