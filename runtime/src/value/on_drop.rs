//! What happens to a guarded value that is dropped before its shutdown has ended.
//!
//! The decision is made in two parts. The *policy* says how loud to be, and only counts where the shutdown never began.
//! The *place* says what is safe (see `docs/DROP.md`):
//!
//! | where the drop happens | what is done |
//! |---|---|
//! | a forked child, of a value of its parent's | nothing |
//! | the process exits, or the reaper cannot be started | ask and force, without waiting |
//! | policy `wait`, on a thread that is no task of a runtime, and not unwinding | wait, with the blocking driver |
//! | anywhere else (a worker, a current-thread runtime, the runtime the value owns, a thread it would join, a thread-local's destructor where tokio's context is gone) | ask, hand what can be moved out to the reaper thread, force the rest |

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::driver::{self, Driver, FOREVER};
use crate::host::exit;
use crate::host::fork::PerProcess;
use crate::observe::{self, Audience};
use crate::plan::{self, OnDrop, Spec, Step};
use crate::sync::lock;
use crate::sync::slot::Taken;
use crate::teardown::{Outcome, Progress, Report};
use crate::value::detached::{self, Detached};
use crate::value::entry::Entry;
use crate::value::{Phase, reaper};

/// A value that was dropped before its shutdown began, as the [hook](set_hook) sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dropped {
    /// The type, with its path.
    pub type_name: &'static str,
    /// Where the value was made.
    pub created: &'static Location<'static>,
    /// Whether its shutdown is written by hand (`manual`): then nothing was requested to stop.
    pub manual: bool,
    /// Whether the guard was dropped without its value, as by a constructor that fails after it has made the guard: then
    /// nothing was requested to stop. Not known of a `manual` type.
    pub incomplete: bool,
    /// What would happen without the hook.
    pub policy: OnDrop,
}

/// The message of the panic and of the error event.
impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dropped { type_name, created, .. } = self;
        if self.incomplete {
            return write!(
                f,
                "the guard of a `{type_name}` (created at {created}) was dropped without its value; nothing was requested to \
                 stop\nnote: a constructor that failed after it had made the guard, and dropped what it had made by then\n\
                 help: make the guard last; `guard.dismiss()` lets go on purpose"
            );
        }
        if self.manual {
            return write!(
                f,
                "`{type_name}` (created at {created}) was dropped before its guard was finished; nothing was requested to \
                 stop\nhelp: shut it down and `finish` its guard; `guard.dismiss()` lets go on purpose"
            );
        }
        let error = match self.policy {
            OnDrop::Panic => " (its error is lost behind this panic: `SUNDOWN_ON_DROP=log` lets it through)",
            OnDrop::Log | OnDrop::Wait => "",
        };
        write!(
            f,
            "`{type_name}` (created at {created}) was dropped without `shutdown().await`; its resources were requested to \
             stop\nnote: a `?` that returned early{error}, or a `select!`, `timeout` or `abort` that dropped the owner\n\
             help: keep the value outside of what is cancelled, and run the rest in `with_shutdown`; \
             `guard.dismiss()` lets go on purpose"
        )
    }
}

type Hook = dyn Fn(&Dropped) -> OnDrop + Send + Sync;

/// A forked child keeps its parent's hook, unless another thread was changing it at that moment.
static HOOK: PerProcess<Mutex<Option<Arc<Hook>>>> =
    PerProcess::inheriting(|parents| Mutex::new(parents.and_then(|hook| hook.try_lock().ok()?.clone())));

/// Sets the process's drop policy: `hook` is called for every value that is dropped before its shutdown began, on the
/// thread that drops it, and says what to do. The environment variable `SUNDOWN_ON_DROP` (`panic`, `log` or `wait`), read
/// once, comes before the hook, so that CI can turn every leak into a panic.
///
/// A hook that panics is ignored.
///
/// ```
/// use sundown::OnDrop;
///
/// sundown::set_drop_hook(|dropped| {
///     eprintln!("leaked: {dropped}");
///     OnDrop::Log
/// });
/// ```
pub fn set_hook(hook: impl Fn(&Dropped) -> OnDrop + Send + Sync + 'static) {
    let hook: Arc<Hook> = Arc::new(hook);
    let old = lock(HOOK.get()).replace(hook);
    drop(old); // its captures are a user's, and not dropped under the lock
}

/// Takes the hook away again: each type's own policy counts.
pub fn clear_hook() {
    let old = lock(HOOK.get()).take();
    drop(old);
}

/// The policy from the environment, read once.
static ENVIRONMENT: PerProcess<Option<OnDrop>> =
    PerProcess::inheriting(|parents| parents.copied().unwrap_or_else(from_environment));

fn from_environment() -> Option<OnDrop> {
    match &*std::env::var("SUNDOWN_ON_DROP").ok()?.to_ascii_lowercase() {
        "panic" => Some(OnDrop::Panic),
        "log" => Some(OnDrop::Log),
        "wait" => Some(OnDrop::Wait),
        other => {
            observe::complain(&format!("SUNDOWN_ON_DROP is `{other}`: the values are `panic`, `log` and `wait`"));
            None
        }
    }
}

/// `incomplete`: there is only a guard. A constructor's error is on its way then, which a panic would bury: by default there
/// is none.
fn policy(entry: &Entry, incomplete: bool) -> (OnDrop, Dropped) {
    let default = || match cfg!(debug_assertions) && !incomplete && !is_main_thread() {
        true => OnDrop::Panic,
        false => OnDrop::Log,
    };
    let policy = entry.spec.on_drop.unwrap_or_else(default);
    let mut dropped =
        Dropped { type_name: entry.type_name, created: entry.location, manual: entry.spec.manual, incomplete, policy };
    if let Some(policy) = *ENVIRONMENT.get() {
        dropped.policy = policy;
        return (policy, dropped);
    }
    let hook = lock(HOOK.get()).clone();
    let policy = match hook {
        Some(hook) => catch_unwind(AssertUnwindSafe(|| hook(&dropped))).unwrap_or(policy),
        None => policy,
    };
    (policy, dropped)
}

/// Whether this is the thread of a program's `main`, which is about to print the error of the `?` that has dropped the
/// value: a panic would end the program before that. Tests have threads of their own.
fn is_main_thread() -> bool {
    // std panics over the current thread in a thread-local's destructor.
    !exit::is_exiting() && !exit::in_thread_local_destructor() && thread::current().name() == Some("main")
}

/// The drop of a value whose teardown was generated, and has not ended.
pub(crate) fn generated(entry: &Arc<Entry>, steps: Vec<Step<'_>>) {
    if entry.is_inherited() {
        return; // its resources are the parent's to stop
    }
    let leaked = (entry.phase() == Phase::Live).then(|| policy(entry, false));
    let wants_wait = match &leaked {
        Some((policy, _)) => *policy == OnDrop::Wait,
        None => entry.spec.on_drop == Some(OnDrop::Wait),
    };
    // No leak if it waited: the type says that its drop is a shutdown. What did not stop is in the event of the report.
    let waited = tear_down(entry, steps, wants_wait);
    if let Some((policy, dropped)) = leaked.filter(|_| !waited) {
        speak(policy, dropped);
    }
}

/// The drop of the fields of a start that failed, before the guard's. That is no leak: an error is on its way, or a panic.
pub(crate) fn unfinished(entry: &Arc<Entry>, steps: Vec<Step<'_>>) {
    if entry.is_inherited() || !entry.is_open() {
        return;
    }
    if entry.phase() == Phase::Live {
        observe::start_failed(entry.type_name, entry.location);
    }
    tear_down(entry, steps, entry.spec.on_drop == Some(OnDrop::Wait));
}

/// Tears the steps of a value down that is about to be gone: here, if it `wants_wait` and may, and then this is true; else
/// on the reaper.
fn tear_down(entry: &Arc<Entry>, mut steps: Vec<Step<'_>>, wants_wait: bool) -> bool {
    // Nobody else can have it: a teardown in another task would borrow the value.
    // `None` if a shutdown future was leaked while it held the `Progress`: then every step is done again.
    let mut progress = entry.progress.try_take();
    if let Some(progress) = &mut progress {
        // It may have been a part of another value until now.
        progress.rename(&entry.spec.name.into());
    }
    entry.begin();
    if wants_wait
        && may_wait()
        && let Some(progress) = &mut progress
    {
        let report = wait(entry, steps, progress);
        observe::finished(&report);
        let _ = entry.finish(report.into_result());
        return true;
    }
    let progress = progress.map_or_else(|| Progress::new(entry.spec.name), Taken::keep);
    entry.context.within(|| hand_over(entry.spec, &mut steps, progress, entry));
    entry.dismiss();
    false
}

/// The drop of a guard, after that of its value: of a `manual` value, or of none if it is live.
pub(crate) fn guard(entry: &Arc<Entry>) {
    if entry.phase() == Phase::Live {
        let (policy, dropped) = policy(entry, !entry.spec.manual);
        entry.dismiss();
        speak(policy, dropped);
    }
}

/// Says that a value was leaked, as loudly as the policy wants and the place allows.
fn speak(policy: OnDrop, mut dropped: Dropped) {
    let panics =
        policy == OnDrop::Panic && !thread::panicking() && !exit::is_exiting() && !exit::in_thread_local_destructor();
    // For the text.
    dropped.policy = if panics { OnDrop::Panic } else { OnDrop::Log };
    observe::leaked(dropped.type_name, dropped.created, &dropped.to_string(), panics);
    if panics {
        panic!("{dropped}");
    }
}

/// Whether this thread may be blocked: no task of a runtime runs on it and none depends on it.
pub fn may_wait() -> bool {
    if thread::panicking() || exit::is_exiting() || reaper::is_current() {
        return false;
    }
    #[cfg(feature = "tokio")]
    match tokio::runtime::Handle::try_current() {
        // A task's id is set on workers and in `spawn_blocking`, not in `block_on` (tokio's `task::id`). Under `block_on`
        // the workers of a multi-thread runtime go on without this thread; a current-thread runtime has only this one.
        Ok(handle) => {
            return tokio::task::try_id().is_none()
                && handle.runtime_flavor() != tokio::runtime::RuntimeFlavor::CurrentThread;
        }
        // A destructor of a thread-local: nothing tells whether a runtime waits for this thread to end, and no runtime can
        // be entered here.
        Err(error) if error.is_thread_local_destroyed() => return false,
        Err(_) => {}
    }
    true
}

/// Waits on this thread.
fn wait(entry: &Arc<Entry>, steps: Vec<Step<'_>>, progress: &mut Progress) -> Report {
    let driver = Driver::blocking();
    let (name, timeout) = (entry.spec.name, entry.spec.timeout);
    if !progress.is_requested() {
        observe::shutting_down(Some(name), "dropped", timeout, Audience::Events);
    }
    let future = observe::with_lines(name, Audience::Events, &driver, async {
        driver.set_limit(driver.after(timeout));
        plan::run(entry.spec, steps, progress, timeout, &driver).await;
    });
    driver::block_on(&driver, entry.context.enter(future));
    let report = Report::of(progress, Some(entry.location), Some(timeout), driver.now());
    observe::stalled(&report, "a drop that waits", &driver);
    report
}

/// Requests; moves what can be moved out to the reaper thread, where it gets the rest of its time; forces the rest.
fn hand_over(spec: &'static Spec, steps: &mut [Step<'_>], mut progress: Progress, entry: &Arc<Entry>) {
    plan::request(spec, steps, &mut progress);
    let resources = plan::detach(spec, steps, &mut progress);
    let nothing = resources.iter().all(Option::is_none);
    let mut detached = Detached::new(spec, resources, progress);
    let (created, limit) = (entry.location, spec.timeout);
    if nothing || exit::is_exiting() {
        detached.end();
        let now = plan::now(detached.progress());
        observe::finished(&Report::of(detached.progress(), Some(created), Some(limit), now));
        return;
    }
    let context = entry.context.clone();
    let dropped = detached::DroppedValue::register(spec.name, created);
    let stuck = Arc::downgrade(&dropped);
    // On the clock of the reaper's jobs, whatever this thread's is.
    let deadline = Instant::now() + limit.min(FOREVER);
    let late = move |step: Option<String>| {
        let Some(dropped) = stuck.upgrade() else { return };
        let progress = late(spec, limit, step);
        dropped.report(&Report::of(&progress, Some(created), Some(limit), Instant::now()));
        dropped.ended(plan::worst(&progress));
    };
    // If the thread cannot be started, the job is dropped and `Detached` forces what it owns.
    let started = reaper::submit_within(deadline, late, move |driver| async move {
        context.enter(detached.run(limit, &driver)).await;
        let report = Report::of(detached.progress(), Some(created), Some(limit), driver.now());
        dropped.report(&report);
        detached.drop_resources();
        dropped.ended(report.outcome());
    });
    if let Err(error) = started {
        observe::complain(&format!("the reaper thread did not start: {error}"));
    }
}

/// What is said of a value at its deadline while a call of the user's keeps the reaper's thread: in the poll or a move of
/// `step`, or in a drop.
fn late(spec: &'static Spec, limit: Duration, step: Option<String>) -> Progress {
    let reason = match step {
        Some(_) => "a call of it has not returned; its thread is left to it",
        None => "a drop has not returned; its thread is left to it",
    };
    let mut progress = Progress::new(spec.name);
    let now = Instant::now();
    progress.requested = Some(now.checked_sub(limit).unwrap_or(now));
    let mut part = Progress::new(step.map_or(spec.name.into(), Cow::Owned));
    part.requested = progress.requested;
    part.finish(Outcome::abandoned(reason), now);
    progress.children.push(part);
    progress.finish(plan::worst(&progress), now);
    progress
}
