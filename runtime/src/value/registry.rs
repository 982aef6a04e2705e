//! Every guarded value of the process, while it lives, and every handle of ours that can be stopped from anywhere.
//!
//! ```
//! # use sundown::registry;
//! println!("{}", registry::snapshot()); // a table: type, state, age, its tasks, where it was created
//! ```

use std::collections::HashSet;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::driver::{self, Driver};
use crate::observe::{self, Audience};
use crate::plan::{self, Step};
use crate::teardown::report::Millis;
use crate::teardown::{Progress, Report, ShutdownError, Teardown};
use crate::value::nodes::{self, Node};

pub use crate::host::census::ThreadState;
pub use crate::teardown::report::audit::{Audit, AuditProcess, AuditThread, InterpreterThread, Origin};
pub use crate::value::audit::audit;
pub use crate::value::nodes::{Kind, Phase};

/// The guarded values and handles that live now.
#[must_use]
pub fn snapshot() -> Snapshot {
    let now = Instant::now();
    let mut rows: Vec<Row> = nodes::all().iter().map(|node| Row::of(&**node, now)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.age));
    Snapshot { rows }
}

/// Stops everything that is registered, within `timeout`.
///
/// First the guarded values: those that were [shared](share) or [given](give) are shut down, each in its own order; of
/// any other it sets [`stop_requested`](crate::ShutdownGuard::stop_requested), and waits for its owner to shut it down.
/// Then our own handles ([`Tasks`](crate::Tasks) and the like) that are left, no matter who owns them. While there are
/// handles, half of the time is theirs. A value whose owner does not answer is reported as not reached; so call this
/// where you own none, or after you have shut down your own. A later call does not wait again for an owner who has not
/// begun: a value in a static, say, which has none. `guard.dismiss()` says that nobody is to wait for it at all. Each
/// value is reported once: one that was shared, however often, as what was shared, and one inside another in the report
/// of that one.
///
/// # Errors
///
/// If anything did not stop by itself, or was not reached.
///
/// # Cancel safety
///
/// May be dropped and called again; what has ended by then is no longer in the registry.
pub async fn shutdown_all(timeout: Duration) -> Result<Report, ShutdownError> {
    let driver = Driver::asynchronous();
    driver::run(&driver, stop_everything_because("`shutdown_all`", timeout, &driver)).await
}

/// As [`shutdown_all`], for a root, which says by what driver.
#[cfg(feature = "run")]
pub(crate) async fn shutdown_all_by(timeout: Duration, driver: Arc<Driver>) -> Result<Report, ShutdownError> {
    let stop = stop_everything(timeout, &driver);
    driver::run(&driver, observe::with_lines(EVERYTHING, Audience::Root, &driver, stop)).await
}

/// As [`shutdown_all`], blocking this thread. Do not call it on a runtime's worker.
///
/// # Errors
///
/// As [`shutdown_all`].
pub fn shutdown_all_blocking(timeout: Duration) -> Result<Report, ShutdownError> {
    let driver = Driver::blocking();
    let stop = stop_everything_because("`shutdown_all_blocking`", timeout, &driver);
    let result = driver::block_on(&driver, stop);
    if let Err(error) = &result {
        observe::stalled(error.report(), "`shutdown_all_blocking`", &driver);
    }
    result
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
    let held = Arc::downgrade(value);
    nodes::keep(Arc::new(Passed {
        name: std::any::type_name::<T>(),
        kind: Kind::Shared,
        location: Location::caller(),
        since: Instant::now(),
        of: Some(Arc::as_ptr(value).addr()),
        is_alive: {
            let held = Weak::clone(&held);
            move || held.strong_count() > 0
        },
        teardown: move || held.upgrade().map(|value| Box::new(value) as Box<dyn Teardown + Send>),
    }));
}

/// Gives a value away: it lives until [`shutdown_all`] stops it, or the process ends.
#[track_caller]
pub fn give<T: Teardown + Send + 'static>(value: T) {
    let held = crate::value::Shared::new(value);
    nodes::keep(Arc::new(Passed {
        name: std::any::type_name::<T>(),
        kind: Kind::Given,
        location: Location::caller(),
        since: Instant::now(),
        of: None,
        is_alive: {
            let held = held.clone();
            move || !held.has_ended()
        },
        teardown: move || Some(Box::new(held.clone()) as Box<dyn Teardown + Send>),
    }));
}

/// A value that was passed to the registry.
struct Passed<A, T> {
    name: &'static str,
    kind: Kind,
    location: &'static Location<'static>,
    since: Instant,
    /// Where a shared value is, which is held weakly and so stays there: it may be shared twice.
    of: Option<usize>,
    is_alive: A,
    teardown: T,
}

impl<A, T> Node for Passed<A, T>
where
    A: Fn() -> bool + Send + Sync,
    T: Fn() -> Option<Box<dyn Teardown + Send>> + Send + Sync,
{
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn created(&self) -> Instant {
        self.since
    }

    fn phase(&self) -> Phase {
        Phase::Live
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn is_alive(&self) -> bool {
        (self.is_alive)()
    }

    fn stands_for(&self) -> Option<usize> {
        self.of
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        (self.teardown)()
    }
}

/// Switches the registration of values and handles made from now on off, or on again. On by default; off, a guard costs
/// less to make, and [`snapshot`] and [`shutdown_all`] do not know its value. The exit of a Python interpreter does.
pub fn set_enabled(enabled: bool) {
    nodes::set_enabled(enabled);
}

/// The guarded values and handles that lived when [`snapshot`] was called, oldest first. `Display` prints a table; with the
/// feature `serde` it is JSON, say for an endpoint.
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
    /// How many tasks run in it; none for what is not a [`Tasks`](crate::Tasks).
    pub tasks: Option<usize>,
}

impl Row {
    fn of(node: &dyn Node, now: Instant) -> Self {
        Row {
            name: node.name(),
            created: node.location().to_string(),
            age: now.saturating_duration_since(node.created()),
            phase: node.phase(),
            kind: node.kind(),
            tasks: node.tasks(),
        }
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
        write!(f, "{:width$}  {:6}  {:9}  {:>8}  {:>5}  created", "name", "kind", "state", "age", "tasks")?;
        for Row { name, created, age, phase, kind, tasks } in &self.rows {
            let age = Millis(*age).to_string();
            let tasks = tasks.map(|tasks| tasks.to_string()).unwrap_or_default();
            write!(f, "\n{name:width$}  {kind:6}  {phase:9}  {age:>8}  {tasks:>5}  {created}")?;
        }
        Ok(())
    }
}

/// A node, told from all others that there ever were: it is kept allocated, so that its address is not used again.
#[cfg(feature = "testing")]
#[derive(Clone)]
pub(crate) struct Identity(Weak<dyn Node>);

#[cfg(feature = "testing")]
impl Identity {
    pub(crate) fn is(&self, other: &Self) -> bool {
        // The addresses alone: a vtable may have several.
        std::ptr::addr_eq(self.0.as_ptr(), other.0.as_ptr())
    }
}

#[cfg(feature = "testing")]
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:p})", self.0.as_ptr())
    }
}

/// The guarded values and handles that live now, for the leak check.
#[cfg(feature = "testing")]
pub(crate) fn census() -> Vec<(Identity, Row)> {
    let now = Instant::now();
    let nodes = nodes::all().into_iter().filter(|node| matches!(node.kind(), Kind::Owned | Kind::Handle));
    nodes.map(|node| (Identity(Arc::downgrade(&node)), Row::of(&*node, now))).collect()
}

/// For a process that exits at once: kills each [`Process`](crate::Process), which would outlive it, has `say` say why, and
/// forces the other handles. In this order, because the last runs the code of users, which may block. Waits for nothing.
#[cfg(feature = "run")]
pub(crate) fn abandon_all(say: impl FnOnce()) {
    // They are all held until the end, so that no drop of one comes before the words.
    let (_killed, others): (Vec<_>, Vec<_>) = nodes::all().into_iter().partition(|node| node.kill());
    say();
    for handle in others.iter().filter(|node| is_handle(node)) {
        if let Some(handle) = Arc::clone(handle).teardown() {
            plan::request_and_force(&mut Step::owned(handle));
        }
    }
}

/// The name of the report of [`shutdown_all`].
const EVERYTHING: &str = "registry";

async fn stop_everything_because(
    why: &'static str,
    timeout: Duration,
    driver: &Arc<Driver>,
) -> Result<Report, ShutdownError> {
    observe::shutting_down(Some(EVERYTHING), why, timeout, Audience::Events);
    observe::with_lines(EVERYTHING, Audience::Events, driver, stop_everything(timeout, driver)).await
}

/// Values first, each in its own order; then the handles that are left. The values get half of the time while there are
/// handles.
async fn stop_everything(timeout: Duration, driver: &Arc<Driver>) -> Result<Report, ShutdownError> {
    let end = driver.after(timeout);
    driver.set_limit(end);
    let mut progress = Progress::new(EVERYTHING);
    progress.requested = Some(driver.now());

    let (handles, mut values): (Vec<_>, Vec<_>) = nodes::all().into_iter().partition(is_handle);
    // What is reached comes before what only its owner can stop.
    values.sort_by_key(|node| node.kind() == Kind::Owned);
    let for_values = if handles.is_empty() { timeout } else { timeout / 2 };
    drop(handles);
    stop_together(values, for_values, driver, &mut progress).await;
    nodes::forget_the_ended();

    let handles = nodes::all().into_iter().filter(is_handle).collect();
    let left = end.saturating_duration_since(driver.now());
    stop_together(handles, left, driver, &mut progress).await;
    progress.finish(plan::worst(&progress), driver.now());
    Report::of(&progress, None, Some(timeout), driver.now()).into_result()
}

fn is_handle(node: &Arc<dyn Node>) -> bool {
    node.kind() == Kind::Handle
}

/// Stops nodes, each with the whole of `timeout`, and adds to `progress` what became of them.
async fn stop_together(nodes: Vec<Arc<dyn Node>>, timeout: Duration, driver: &Arc<Driver>, progress: &mut Progress) {
    let stopped_by = |node: &Arc<dyn Node>| Some((Progress::new(node.label()), Arc::clone(node).teardown()?));
    // What is shared twice is stopped once.
    let mut seen = HashSet::new();
    let (nodes, (mut progresses, mut resources)): (Vec<_>, (Vec<_>, Vec<_>)) = nodes
        .into_iter()
        .filter(|node| node.stands_for().is_none_or(|of| seen.insert(of)))
        .filter_map(|node| stopped_by(&node).map(|stops| (node, stops)))
        .unzip();
    let steps = resources.iter_mut().map(Step::new).zip(&mut progresses).collect();
    plan::run_together(steps, timeout, driver).await;
    // What was stopped as a part of another node is in that node's report.
    let once = nodes.iter().zip(progresses).filter(|(node, _)| !node.is_part_of(driver));
    progress.children.extend(once.map(|(_, progress)| progress));
}
