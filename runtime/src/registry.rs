//! Every guarded value of the process, while it lives, and every handle of ours that can be stopped from anywhere.
//!
//! ```
//! # use sundown::registry;
//! println!("{}", registry::snapshot()); // a table: type, state, age, where it was created
//! ```

mod table;

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::drive::{self, Drive};
use crate::fork::{self, PerProcess};
use crate::guard::Entry;
use crate::plan::{self, Step};
use crate::sync::lock;
use crate::{Memo, Outcome, Phase, Report, ShutdownError, Teardown, exit};
use table::Table;

/// The guarded values that live now.
#[must_use]
pub fn snapshot() -> Snapshot {
    let now = Instant::now();
    let values = VALUES.get().all().into_iter().map(|entry| Row::of_value(&entry, now));
    let handles = HANDLES.get().all().into_iter().filter_map(|handle| handle.upgrade());
    let given = lock(GIVEN.get()).clone().into_iter().filter(|given| given.is_alive());
    let reachable = handles.chain(given).map(|handle| handle.row(now));
    let mut rows: Vec<Row> = values.chain(reachable).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.age));
    Snapshot { rows }
}

/// Stops everything that is registered, within `timeout`.
///
/// First the guarded values: those that were [shared](share) or [given](give) are shut down, each in its own order; of any
/// other it sets [`stop_requested`](crate::ShutdownGuard::stop_requested), and waits for its owner to shut it down. Then
/// our own handles ([`Tasks`](crate::Tasks) and the like) that are left, whoever owns them. While there are handles, half
/// of the time is theirs. A value whose owner does not answer is reported as not reached; so call this where you own none,
/// or after you have shut down your own.
///
/// # Errors
///
/// If anything did not stop by itself, or was not reached.
///
/// # Cancel safety
///
/// May be dropped and called again; what has ended by then is no longer in the registry.
pub async fn shutdown_all(timeout: Duration) -> Result<Report, ShutdownError> {
    let drive = Drive::asynchronous();
    drive::run(&drive, stop_everything(timeout, &drive)).await
}

/// As [`shutdown_all`], blocking this thread. Do not call it on a runtime's worker.
///
/// # Errors
///
/// As [`shutdown_all`].
pub fn shutdown_all_blocking(timeout: Duration) -> Result<Report, ShutdownError> {
    let drive = Drive::blocking();
    drive::block_on(&drive, stop_everything(timeout, &drive))
}

/// Lets [`shutdown_all`] stop a value that others use too: a `#[must_shutdown(shared)]` struct in an `Arc`, say. The
/// registry holds it weakly.
///
/// ```
/// use std::sync::Arc;
/// use sundown::{ShutdownGuard, Tasks, must_shutdown, registry};
///
/// #[must_shutdown(shared)]
/// struct Server {
///     #[shutdown]
///     connections: Tasks,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let server = Arc::new(Server { connections: Tasks::new(), guard: ShutdownGuard::new() });
/// registry::share(&server);
/// registry::shutdown_all(std::time::Duration::from_secs(1)).await.unwrap();
/// # }
/// ```
#[track_caller]
pub fn share<T: Send + Sync + 'static>(value: &Arc<T>)
where
    for<'a> &'a T: Teardown,
{
    struct Shared<T>(Weak<T>, &'static Location<'static>, Instant);
    impl<T: Send + Sync + 'static> Reach for Shared<T>
    where
        for<'a> &'a T: Teardown,
    {
        fn row(&self, now: Instant) -> Row {
            Row::new(std::any::type_name::<T>(), self.1, now - self.2, Phase::Live, Kind::Shared)
        }
        fn is_alive(&self) -> bool {
            self.0.strong_count() > 0
        }
        fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
            self.0.upgrade().map(|value| Box::new(value) as Box<dyn Teardown + Send>)
        }
    }
    let shared: Arc<dyn Reach> = Arc::new(Shared(Arc::downgrade(value), Location::caller(), Instant::now()));
    forget_the_ended();
    lock(GIVEN.get()).push(shared);
}

/// Drops what has ended, outside the lock.
fn forget_the_ended() {
    let ended: Vec<_> = lock(GIVEN.get()).clone().into_iter().filter(|given| !given.is_alive()).collect();
    lock(GIVEN.get()).retain(|given| !ended.iter().any(|ended| Arc::ptr_eq(ended, given)));
}

/// Gives a value away: it lives until [`shutdown_all`] stops it, or the process ends.
#[track_caller]
pub fn give<T: Teardown + Send + 'static>(value: T) {
    struct Given<T>(crate::Shared<T>, &'static Location<'static>, Instant);
    impl<T: Teardown + Send + 'static> Reach for Given<T> {
        fn row(&self, now: Instant) -> Row {
            Row::new(std::any::type_name::<T>(), self.1, now - self.2, Phase::Live, Kind::Given)
        }
        fn is_alive(&self) -> bool {
            !self.0.has_ended()
        }
        fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
            Some(Box::new(self.0.clone()))
        }
    }
    lock(GIVEN.get()).push(Arc::new(Given(crate::Shared::new(value), Location::caller(), Instant::now())));
}

/// Switches the registration of values and handles made from now on off, or on again. On at first; off, a guard costs
/// less to make, and [`snapshot`] and [`shutdown_all`] do not know its value.
pub fn set_enabled(enabled: bool) {
    DISABLED.store(!enabled, Ordering::Relaxed);
}

/// The guarded values and handles that lived when [`snapshot`] was called, oldest first. `Display` prints a table.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Snapshot {
    rows: Vec<Row>,
}

impl Snapshot {
    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// One guarded value or handle.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Row {
    /// The type with its path, or the handle's own name.
    pub name: String,
    /// Where it was made.
    pub created: String,
    /// How long ago.
    pub age: Duration,
    /// Its state.
    pub phase: Phase,
    /// What it is to the registry.
    pub kind: Kind,
}

/// What something is to the registry, and so whether [`shutdown_all`] reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Kind {
    /// A guarded value that somebody owns: asked by `stop_requested`, not reached.
    Owned,
    /// A handle of ours, such as [`Tasks`](crate::Tasks).
    Handle,
    /// A value that was passed to [`share`].
    Shared,
    /// A value that was passed to [`give`].
    Given,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Owned => "owned",
            Kind::Handle => "handle",
            Kind::Shared => "shared",
            Kind::Given => "given",
        })
    }
}

impl Row {
    pub(crate) fn new(name: &str, created: &Location<'_>, age: Duration, phase: Phase, kind: Kind) -> Self {
        Row { name: name.to_owned(), created: created.to_string(), age, phase, kind }
    }

    fn of_value(entry: &Entry, now: Instant) -> Self {
        let age = now.saturating_duration_since(entry.created);
        Row::new(entry.type_name, entry.location, age, entry.phase(), Kind::Owned)
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
        write!(f, "{:width$}  {:6}  {:9}  {:>8}  created", "name", "kind", "state", "age")?;
        for Row { name, created, age, phase, kind } in &self.rows {
            let age = crate::report::Millis(*age).to_string();
            write!(f, "\n{name:width$}  {kind:6}  {phase:9}  {age:>8}  {created}")?;
        }
        Ok(())
    }
}

/// Something that can be stopped from anywhere.
pub(crate) trait Reach: Send + Sync {
    fn row(&self, now: Instant) -> Row;
    fn is_alive(&self) -> bool {
        true
    }
    /// A handle that stops it; none if there is nothing left to stop.
    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>>;
}

static DISABLED: AtomicBool = AtomicBool::new(false);
// A forked child knows nothing of what its parent made.
static VALUES: PerProcess<Table<Arc<Entry>>> = PerProcess::new(Table::new);
static HANDLES: PerProcess<Table<Weak<dyn Reach>>> = PerProcess::new(Table::new);
static GIVEN: PerProcess<Mutex<Vec<Arc<dyn Reach>>>> = PerProcess::new(Mutex::default);

/// The place of something in the registry; none if the registry was off.
#[derive(Debug)]
pub(crate) struct Registered {
    key: Option<usize>,
    generation: u32,
}

impl Registered {
    fn at(key: Option<usize>) -> Self {
        Registered { key, generation: fork::generation() }
    }

    /// Whether what was registered belongs to the parent of this forked process: it is left alone.
    pub(crate) fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }

    /// The place of what is not in it.
    #[cfg(feature = "python")]
    pub(crate) fn nowhere() -> Self {
        Registered::at(None)
    }
}

pub(crate) fn register(entry: &Arc<Entry>) -> Registered {
    exit::watch();
    Registered::at(enabled().then(|| VALUES.get().insert(Arc::clone(entry))))
}

pub(crate) fn unregister(registered: &Registered) {
    if let Some(key) = registered.key.filter(|_| !registered.is_inherited()) {
        drop(VALUES.get().remove(key));
        #[cfg(feature = "testing")]
        crate::testing::registry_changed();
    }
}

/// Registers a handle of ours. Its last clone unregisters it.
pub(crate) fn register_handle(handle: Weak<dyn Reach>) -> Registered {
    exit::watch();
    Registered::at(enabled().then(|| HANDLES.get().insert(handle)))
}

pub(crate) fn unregister_handle(registered: &Registered) {
    if let Some(key) = registered.key.filter(|_| !registered.is_inherited()) {
        drop(HANDLES.get().remove(key));
        #[cfg(feature = "testing")]
        crate::testing::registry_changed();
    }
}

/// What tells something in the registry from everything else that was ever in it: it is kept alive, so that its address
/// is not used again.
#[cfg(feature = "testing")]
pub(crate) enum Identity {
    Value(Arc<Entry>),
    Handle(Weak<dyn Reach>),
}

#[cfg(feature = "testing")]
impl Identity {
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Identity::Value(one), Identity::Value(other)) => Arc::ptr_eq(one, other),
            // The addresses alone: a vtable may have several.
            (Identity::Handle(one), Identity::Handle(other)) => std::ptr::addr_eq(one.as_ptr(), other.as_ptr()),
            _ => false,
        }
    }
}

#[cfg(feature = "testing")]
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Value(entry) => fmt::Debug::fmt(entry, f),
            Identity::Handle(handle) => write!(f, "Handle({:p})", handle.as_ptr()),
        }
    }
}

/// What is registered now, for the leak check.
#[cfg(feature = "testing")]
pub(crate) fn census() -> Vec<(Identity, Row)> {
    let now = Instant::now();
    let values = VALUES.get().all().into_iter().map(|entry| {
        let row = Row::of_value(&entry, now);
        (Identity::Value(entry), row)
    });
    let handles = HANDLES.get().all().into_iter().filter_map(|handle| {
        let row = handle.upgrade()?.row(now);
        Some((Identity::Handle(handle), row))
    });
    values.chain(handles).collect()
}

fn enabled() -> bool {
    !DISABLED.load(Ordering::Relaxed)
}

/// Values first, each in its own order; then the handles that are left. Who waits for the values gets half of the time
/// while there are handles.
async fn stop_everything(timeout: Duration, drive: &Arc<Drive>) -> Result<Report, ShutdownError> {
    let start = drive.now();
    let end = drive.after(timeout);
    let mut memo = Memo::new("registry");
    memo.asked = Some(start);

    let owned: Vec<_> = VALUES.get().all().into_iter().filter(|entry| entry.is_open()).collect();
    owned.iter().for_each(|entry| entry.request_stop());
    // They stay in the list until they have ended: this future may be dropped, and others may look meanwhile.
    let given = lock(GIVEN.get()).clone();
    let for_values = if HANDLES.get().all().is_empty() { timeout } else { timeout / 2 };
    let owners = drive.until(drive.after(for_values), async {
        for entry in &owned {
            entry.over.wait().await;
        }
    });
    let (mut reached, _) = futures_util::future::join(stop_together(given, for_values, drive), owners).await;
    forget_the_ended();
    memo.children.append(&mut reached);
    // What was reached is in the reports above.
    let by_owners = owned.iter().filter(|entry| !entry.was_settled_under(drive));
    memo.children.extend(by_owners.map(|entry| of_owner(entry, start, drive.now())));

    let handles = HANDLES.get().all().into_iter().filter_map(|handle| handle.upgrade()).collect();
    let left = end.saturating_duration_since(drive.now());
    memo.children.extend(stop_together(handles, left, drive).await);
    memo.finish(plan::worst(&memo), drive.now());
    Report::of(&memo, None, Some(timeout), drive.now()).into_result()
}

/// What became of a value that only its owner can shut down.
fn of_owner(entry: &Entry, asked: Instant, now: Instant) -> Memo {
    if let Some(result) = entry.result() {
        return result.unwrap_or_else(ShutdownError::into_report).into_memo();
    }
    let mut memo = Memo::new(entry.spec.name);
    memo.asked = Some(asked);
    memo.detail(format!("created at {}", entry.location));
    let outcome = match entry.is_open() {
        true => Outcome::abandoned("not reached; its owner was asked by `stop_requested`"),
        false => Outcome::Stopped, // dismissed
    };
    memo.finish(outcome, now);
    memo
}

/// Stops what can be reached, each with the whole of `timeout`, and says what became of it.
async fn stop_together(reach: Vec<Arc<dyn Reach>>, timeout: Duration, drive: &Arc<Drive>) -> Vec<Memo> {
    let now = drive.now();
    let reached = reach.into_iter().filter_map(|handle| {
        let row = handle.row(now);
        Some((Memo::new(format!("{} ({})", row.name, row.created)), handle.teardown()?))
    });
    let (mut memos, mut resources): (Vec<_>, Vec<_>) = reached.unzip();
    let steps = resources.iter_mut().map(Step::new).zip(&mut memos).collect();
    plan::run_together(steps, timeout, drive).await;
    memos
}
