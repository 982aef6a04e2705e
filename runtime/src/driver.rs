//! The two drivers of a plan: an async one on tokio's timer, a blocking one that parks its thread.
//!
//! A plan is one future. Its steps wait for alarms ([`Driver::until`]) on a list that the driver of the future serves:
//! each driver looks at the earliest alarm and sleeps until it or until something wakes the future, so there is no
//! polling interval anywhere.
//!
//! What always has work to do makes no alarm late: each step has a share of tokio's budget of its own ([`budget`]), and when
//! its time has come it is given up although it is pending for that budget alone. Only a poll that does not return can hold
//! up the driver, on whose thread it runs.

mod alarms;
mod asynchronous;
pub(crate) mod background;
mod blocking;
mod budget;
mod catch;
mod context;
#[cfg(feature = "tokio")]
pub(crate) mod ended;
mod name;
mod stall;
mod waits;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::sync::lock;

pub use asynchronous::run;
pub use blocking::block_on;
pub(crate) use catch::catch;
pub use context::RuntimeContext;
#[cfg(feature = "tokio")]
pub(crate) use context::is_context_destroyed;
pub(crate) use name::Name;
pub(crate) use stall::Stall;
#[cfg(feature = "progress")]
pub(crate) use waits::Pending;
pub(crate) use waits::{Waiting, Waits};

/// Longer than any deadline that is meant: what `Duration::MAX` is taken for.
pub const FOREVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// A step that still makes progress at its deadline may be nearly done: a thousand tasks that are joined late, say. It
/// gets this much more time or this many more polls, whichever ends first; the limit of polls is for a paused clock.
const LAST_WORK: (Duration, u32) = (Duration::from_millis(10), 1_000);

/// The clock and the alarms of one running teardown.
#[derive(Debug)]
pub struct Driver {
    clock: Clock,
    /// The thread that a blocking driver parks.
    blocks: Option<ThreadId>,
    /// What that keeps from going on.
    stall: Option<Stall>,
    hurries: bool,
    /// The runtime around the caller, before the driver entered another one.
    #[cfg(feature = "tokio")]
    within: Option<tokio::runtime::Id>,
    alarms: Mutex<Alarms>,
    /// The names of the steps that are inside a call of the user's now, the innermost last; none where nobody looks.
    inside: Option<Mutex<Vec<Name>>>,
    /// What is waited for; none where nobody listens.
    waits: OnceLock<Arc<Waits>>,
}

#[derive(Debug, Clone, Copy)]
enum Clock {
    Std,
    /// tokio's, which a test may have paused.
    #[cfg(feature = "tokio")]
    Tokio,
}

#[derive(Debug, Default)]
struct Alarms {
    next_id: u64,
    wakers: BTreeMap<(Instant, u64), Waker>,
}

impl Driver {
    /// For a future that this task awaits.
    pub fn asynchronous() -> Arc<Self> {
        #[cfg(feature = "tokio")]
        if tokio::runtime::Handle::try_current().is_ok() {
            return Self::new(Clock::Tokio, None, None);
        }
        Self::new(Clock::Std, None, None)
    }

    /// For a future that somebody awaits in a runtime whose timer may stop meanwhile.
    pub fn asynchronous_without_tokio() -> Arc<Self> {
        Self::new(Clock::Std, None, None)
    }

    /// As [`asynchronous_without_tokio`](Self::asynchronous_without_tokio), for a shutdown that a second signal has forced.
    #[cfg(feature = "run")]
    pub(crate) fn hurrying() -> Arc<Self> {
        Arc::new(Driver { hurries: true, ..Self::unshared(Clock::Std, None, None) })
    }

    /// For a future that this thread blocks on.
    pub fn blocking() -> Arc<Self> {
        Self::new(Clock::Std, Some(thread::current().id()), Stall::here())
    }

    fn new(clock: Clock, blocks: Option<ThreadId>, stall: Option<Stall>) -> Arc<Self> {
        Arc::new(Self::unshared(clock, blocks, stall))
    }

    fn unshared(clock: Clock, blocks: Option<ThreadId>, stall: Option<Stall>) -> Self {
        Driver {
            clock,
            blocks,
            stall,
            hurries: false,
            #[cfg(feature = "tokio")]
            within: tokio::runtime::Handle::try_current().ok().map(|handle| handle.id()),
            alarms: Mutex::default(),
            inside: None,
            waits: OnceLock::new(),
        }
    }

    /// For a job of the reaper's, which any of its threads may poll: [`ring`](Self::ring) comes before each poll.
    pub(crate) fn background() -> Arc<Self> {
        Arc::new(Driver {
            #[cfg(feature = "tokio")]
            within: None,
            inside: Some(Mutex::default()),
            ..Driver::unshared(Clock::Std, None, None)
        })
    }

    /// The time of its clock.
    pub fn now(&self) -> Instant {
        match self.clock {
            Clock::Std => Instant::now(),
            // A clock that can be paused is found by the thread's context.
            #[cfg(feature = "tokio")]
            Clock::Tokio if is_context_destroyed() => Instant::now(),
            #[cfg(feature = "tokio")]
            Clock::Tokio => tokio::time::Instant::now().into_std(),
        }
    }

    /// So long from now, [`FOREVER`] at most: so there is still room for what is added to it.
    pub fn after(&self, duration: Duration) -> Instant {
        self.now() + duration.min(FOREVER)
    }

    /// Whether the teardown blocks this very thread, so that joining the thread would never end.
    pub fn blocks_thread(&self, thread: ThreadId) -> bool {
        self.blocks == Some(thread)
    }

    /// Whether what was requested has had its time, where a force ends it.
    pub(crate) fn hurries(&self) -> bool {
        self.hurries
    }

    /// What cannot go on because the teardown blocks its thread.
    pub(crate) fn stall(&self) -> Option<Stall> {
        self.stall
    }

    /// Whether the teardown runs on a thread of this runtime: a worker, a `spawn_blocking` thread, or under `block_on`.
    #[cfg(feature = "tokio")]
    pub(crate) fn is_within(&self, runtime: &tokio::runtime::Runtime) -> bool {
        self.within == Some(runtime.handle().id())
    }

    /// Whether a runtime polls the teardown, and so turns its I/O driver. One that was only entered, by the blocking
    /// driver or under another executor, may have nobody to turn it.
    #[cfg(feature = "process")]
    pub(crate) fn is_turned(&self) -> bool {
        self.blocks.is_none() && self.within.is_some()
    }

    /// The output of `future`, or `None` once `at` has passed. A future that is ready wins over a deadline that has
    /// passed. One that always has more to do does not; what it awaits of tokio's is in a [`part`](Self::part).
    pub async fn until<F: Future>(&self, at: Instant, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut alarm = UnderAlarm { driver: self, at, id: None, last_work: None };
        poll_fn(|cx| match budget::watch(|| future.as_mut().poll(cx)) {
            (Poll::Ready(output), _) => Poll::Ready(Some(output)),
            (Poll::Pending, spent) => alarm.poll(cx, spent).map(|()| None),
        })
        .await
    }

    /// Awaits `future`, the step called `name` or a part of it, with a budget of its own.
    pub(crate) async fn part<F: Future>(&self, name: Option<Name>, future: F) -> F::Output {
        let mut waiting = None;
        let mut future = pin!(future);
        poll_fn(|cx| {
            let inside = self.enter(name.clone());
            let poll = self.poll(future.as_mut(), cx);
            drop(inside);
            if poll.is_pending() && waiting.is_none() {
                waiting = self.waits.get().zip(name.as_ref()).map(|(waits, name)| waits.begin(name, None, self.now()));
            }
            poll
        })
        .await
    }

    /// Notes from now on what is waited for.
    pub(crate) fn note_waits(&self) -> &Arc<Waits> {
        self.waits.get_or_init(Arc::default)
    }

    /// By when the whole is to have ended, where somebody listens.
    pub(crate) fn set_limit(&self, limit: Instant) {
        if let Some(waits) = self.waits.get() {
            waits.set_limit(limit);
        }
    }

    /// `who` says who is waited for in the step called `name`, until the result is dropped.
    pub(crate) fn waits_for<W>(&self, name: &Name, who: impl FnOnce() -> W) -> Option<Waiting>
    where
        W: Fn() -> Option<String> + Send + Sync + 'static,
    {
        self.waits.get().map(|waits| waits.begin(name, Some(Arc::new(who())), self.now()))
    }

    /// Polls `future` with a budget of its own. If it has used that up, it is polled again.
    fn poll<F: Future>(&self, future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (poll, spent) = budget::own(|| future.poll(cx));
        // What is pending for its budget leaves its waker with the runtime of its thread, for when that comes back to the
        // task. This thread is blocked, and does not.
        if poll.is_pending() && spent && self.blocks.is_some() {
            cx.waker().wake_by_ref();
        }
        poll
    }

    /// The name of a step, where somebody may ask for it.
    pub(crate) fn named(&self, name: &Name) -> Option<Name> {
        (self.inside.is_some() || self.waits.get().is_some()).then(|| name.clone())
    }

    /// Notes that the step called `name` is inside a call of the user's, until the result is dropped.
    pub(crate) fn enter(&self, name: Option<Name>) -> Inside<'_> {
        let inside = self.inside.as_ref().filter(|_| name.is_some());
        if let (Some(inside), Some(name)) = (inside, name) {
            lock(inside).push(name);
        }
        Inside(inside)
    }

    /// The path of the step that is inside a call of the user's.
    pub(crate) fn inside(&self) -> Option<String> {
        lock(self.inside.as_ref()?).last().map(|name| name.to_string())
    }

    /// The earliest.
    pub fn next_alarm(&self) -> Option<Instant> {
        lock(&self.alarms).wakers.keys().next().map(|(at, _)| *at)
    }

    /// Wakes those who wait for a time that has come.
    pub fn ring(&self) {
        let now = self.now();
        let due = {
            let mut alarms = lock(&self.alarms);
            let later = alarms.wakers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut alarms.wakers, later)
        };
        due.into_values().for_each(Waker::wake);
    }
}

/// See [`Driver::enter`].
pub(crate) struct Inside<'a>(Option<&'a Mutex<Vec<Name>>>);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let _name = self.0.and_then(|inside| lock(inside).pop());
    }
}

struct UnderAlarm<'a> {
    driver: &'a Driver,
    at: Instant,
    id: Option<u64>,
    /// Since when the future works on although its time has come, and for how many polls.
    last_work: Option<(Instant, u32)>,
}

impl UnderAlarm<'_> {
    /// `spent`: the future has used up its budget.
    fn poll(&mut self, cx: &mut Context<'_>, spent: bool) -> Poll<()> {
        let now = self.driver.now();
        if now >= self.at {
            let (since, polls) = self.last_work.get_or_insert((now, 0));
            *polls += 1;
            if spent && *polls < LAST_WORK.1 && now.saturating_duration_since(*since) < LAST_WORK.0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(());
        }
        // A waker is an executor's: it is neither cloned nor dropped under the lock.
        let waker = cx.waker().clone();
        let _before = {
            let mut alarms = lock(&self.driver.alarms);
            let id = *self.id.get_or_insert_with(|| {
                alarms.next_id += 1;
                alarms.next_id
            });
            alarms.wakers.insert((self.at, id), waker)
        };
        Poll::Pending
    }
}

impl Drop for UnderAlarm<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let _waker = lock(&self.driver.alarms).wakers.remove(&(self.at, id));
        }
    }
}

#[cfg(all(test, feature = "tokio", not(sundown_loom)))]
mod tests {
    use super::*;

    /// The drivers' answer to a step that never ends: the alarm, and not much later.
    async fn rings(driver: Arc<Driver>) {
        let at = driver.after(Duration::from_millis(20));
        assert_eq!(driver.until(at, std::future::pending::<()>()).await, None);
        assert!(driver.now() >= at);
        assert_eq!(driver.next_alarm(), None, "an alarm that rang is gone");
    }

    #[test]
    fn on_tokios_timer() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let driver = runtime.block_on(async { Driver::asynchronous() });
        runtime.block_on(run(&driver, rings(Arc::clone(&driver))));
    }

    #[test]
    fn in_a_runtime_without_a_timer() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let driver = runtime.block_on(async { Driver::asynchronous() });
        runtime.block_on(run(&driver, rings(Arc::clone(&driver))));
    }

    #[test]
    fn outside_any_runtime() {
        let driver = Driver::asynchronous();
        // The blocking driver polls it here as any executor would; its alarms are another driver's, and never ring.
        block_on(&Driver::blocking(), run(&driver, rings(Arc::clone(&driver))));
    }

    #[test]
    fn parking() {
        let driver = Driver::blocking();
        block_on(&driver, rings(Arc::clone(&driver)));
    }

    /// A waker is an executor's, and so is its drop.
    #[test]
    fn no_waker_is_dropped_under_the_lock_of_the_alarms() {
        struct Looks(Arc<Driver>);
        impl std::task::Wake for Looks {
            fn wake(self: Arc<Self>) {}
        }
        impl Drop for Looks {
            fn drop(&mut self) {
                let _ = self.0.next_alarm();
            }
        }
        let (done, is_done) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let driver = Driver::blocking();
            {
                let mut waits = pin!(driver.until(driver.after(FOREVER), std::future::pending::<()>()));
                // The second takes the place of the first, and goes with the wait.
                for _ in 0..2 {
                    let waker = Waker::from(Arc::new(Looks(Arc::clone(&driver))));
                    assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                }
            }
            done.send(()).unwrap();
        });
        is_done.recv_timeout(Duration::from_secs(30)).expect("the drop waits for the lock that its thread holds");
    }

    #[test]
    fn what_is_ready_wins_over_a_deadline_that_has_passed() {
        let driver = Driver::blocking();
        let past = driver.now();
        assert_eq!(block_on(&driver, driver.until(past, async { 1 })), Some(1));
    }
}
