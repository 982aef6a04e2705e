//! `Group`: members that come and go while the whole runs.

mod member;
mod refused;
mod teardown;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::driver::Driver;
use crate::resource::fresh::Fresh;
use crate::resource::owned::Owned;
use crate::sync::lock;
use crate::teardown::{Ended, Report, ShutdownError, Teardown};
use member::{Leaving, Member, Restarts, Watching};
pub use refused::Refused;

/// What a member that is stopped alone gets, if its caller says nothing else.
const ALONE: Duration = Duration::from_secs(5);

/// The number of ends that a report mentions.
const MENTIONED: usize = 8;

/// Resources and annotated values that come and go while the whole runs, each by its name: connections, tenants, plugins.
///
/// A cheap handle: all clones are one group. As a [`Teardown`] it is closed, and stops its members together, within what is
/// left of its owner's budget; the report names each, `Service.tenants.members["a"].jobs`. Members may be groups too.
///
/// A member that ends by itself leaves the group, as far as its type tells of its end: the task, thread or child process
/// that it is, or the last one of the fields of an annotated value. So does one that fails: what is left of it is shut
/// down first. A failure is an event, the report of the group mentions it, and it goes on to who supervises the owner of
/// the group: what it means there is said by the `on_end` of the group's field. `"ignore"` only reports it; without one it
/// stops the whole. A member that is started by [`restarting`](Self::restarting) is started again, within bounds.
///
/// Dropping the last handle shuts the group down in the background.
///
/// ```
/// use sundown::{Group, ShutdownGuard, Tasks, must_shutdown};
///
/// #[must_shutdown]
/// struct Tenant {
///     #[shutdown]
///     jobs: Tasks,
///     guard: ShutdownGuard<Self>,
/// }
///
/// #[must_shutdown(timeout = "10s")]
/// struct Service {
///     #[shutdown]
///     tenants: Group,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut service = Service { tenants: Group::new("tenants"), guard: ShutdownGuard::new() };
/// for name in ["a", "b"] {
///     service.tenants.add(name, Tenant { jobs: Tasks::new(), guard: ShutdownGuard::new() }).unwrap();
/// }
/// let report = service.tenants.remove("a").await.expect("it is a member").unwrap();
/// assert!(report.find("Group.members[\"a\"].jobs").is_some());
/// let report = service.shutdown().await.unwrap();
/// assert!(report.find("Service.tenants.members[\"b\"].jobs").is_some());
/// # }
/// ```
#[derive(Clone)]
pub struct Group {
    handles: Arc<Handles>,
}

/// All handles of a group: the last one shuts it down.
struct Handles {
    owned: Arc<Owned<Members>>,
}

impl Drop for Handles {
    fn drop(&mut self) {
        if !self.owned.is_empty() {
            Arc::clone(&self.owned).release();
        }
    }
}

/// The members, and what is known of those that have left.
struct Members {
    name: String,
    state: Mutex<State>,
    /// The failures that a supervisor of the owner is yet to hear of, with the names of the members.
    fresh: Fresh<(String, Ended)>,
}

#[derive(Default)]
struct State {
    members: BTreeMap<Arc<str>, Arc<Member>>,
    /// Those that there were when the group was closed. From then on none comes, and none is forgotten.
    closed: Option<Arc<[Arc<Member>]>>,
    /// The failures so far.
    failures: Vec<String>,
    more_failures: usize,
}

impl State {
    /// Takes a member out, which is to be dropped without the lock.
    fn remove(&mut self, member: &Arc<Member>) -> Option<Arc<Member>> {
        match self.members.get(member.name()) {
            Some(known) if Arc::ptr_eq(known, member) => self.members.remove(member.name()),
            _ => None,
        }
    }
}

impl Group {
    /// An empty, open group.
    #[track_caller]
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let members = Members { name: name.into(), state: Mutex::default(), fresh: Fresh::new() };
        Group { handles: Arc::new(Handles { owned: Owned::new(members, Location::caller()) }) }
    }

    /// Adds a resource or an annotated value, which runs.
    ///
    /// # Errors
    ///
    /// If the group is closed, or has a member of that name: the error gives the value back.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime: a task there waits for the end of the member.
    #[track_caller]
    pub fn add<T>(&self, name: impl Into<String>, value: T) -> Result<(), Refused<T>>
    where
        T: Teardown + Send + 'static,
    {
        let runtime = Handle::current(); // its panic comes before there is a member
        let owned = &self.handles.owned;
        let member = match owned.enter(name.into(), Location::caller()) {
            Ok(member) => member,
            Err(is_closed) => return Err(Refused::new(value, is_closed)),
        };
        member.runs(Box::new(value));
        runtime.spawn(member::watch_once(Watching(member), Arc::downgrade(owned)));
        Ok(())
    }

    /// Adds a member that `start` makes, now and again after each time that it has failed, or that `start` has.
    ///
    /// `delays` has the time before each new attempt; when it ends, the member leaves the group, and has failed. So it
    /// bounds the attempts: `[Duration::from_millis(100); 5]`, or what a crate such as `backon` builds. It begins anew
    /// after a member has run for a minute, its start not included. A member that ends without a failure is not started
    /// again.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sundown::{Group, Tasks};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let feeds = Group::new("feeds");
    /// let doubling = std::iter::successors(Some(Duration::from_millis(100)), |delay| Some(*delay * 2));
    /// let added = feeds.restarting("prices", doubling.take(6), || async {
    ///     let tasks = Tasks::new();
    ///     let token = tasks.token();
    ///     tasks.spawn("poll", async move { token.cancelled().await }).expect("it is open");
    ///     Ok::<_, std::io::Error>(tasks)
    /// });
    /// added.unwrap();
    /// feeds.shutdown().await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the group is closed, or has a member of that name: the error gives `start` back.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime. The delays need its timer.
    #[track_caller]
    pub fn restarting<T, E, S, F, D>(&self, name: impl Into<String>, delays: D, start: S) -> Result<(), Refused<S>>
    where
        T: Teardown + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
        S: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
        D: IntoIterator<Item = Duration> + Clone + Send + 'static,
        D::IntoIter: Send,
    {
        // A panic of either comes before there is a member.
        let (runtime, restarts) = (Handle::current(), Restarts::new(delays));
        let owned = &self.handles.owned;
        let member = match owned.enter(name.into(), Location::caller()) {
            Ok(member) => member,
            Err(is_closed) => return Err(Refused::new(start, is_closed)),
        };
        runtime.spawn(member::keep_running(Watching(member), Arc::downgrade(owned), restarts, start));
        Ok(())
    }

    /// Shuts a member down, alone, within 5 s; then it has left. `None` if there is none of that name.
    ///
    /// # Errors
    ///
    /// If it did not stop by itself.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, call it again: the member has not left.
    pub async fn remove(&self, name: &str) -> Option<Result<Report, ShutdownError>> {
        self.remove_within(name, ALONE).await
    }

    /// As [`remove`](Self::remove), with another timeout.
    ///
    /// # Errors
    ///
    /// If it did not stop by itself.
    ///
    /// # Cancel safety
    ///
    /// As [`remove`](Self::remove).
    pub async fn remove_within(&self, name: &str, timeout: Duration) -> Option<Result<Report, ShutdownError>> {
        let members = &self.handles.owned;
        let member = lock(&members.state).members.get(name).map(Arc::clone)?;
        let report = member.stop_alone(Box::new(Leaving(Arc::clone(&member))), timeout).await;
        members.leaves(&member);
        Some(report.into_result())
    }

    /// Shuts the group down, alone, within 5 s. It is closed from then on.
    ///
    /// # Errors
    ///
    /// If a member did not stop by itself.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped half-way, call it again: it continues where it stopped.
    pub async fn shutdown(&self) -> Result<Report, ShutdownError> {
        self.shutdown_within(ALONE).await
    }

    /// As [`shutdown`](Self::shutdown), with another timeout.
    ///
    /// # Errors
    ///
    /// If a member did not stop by itself.
    ///
    /// # Cancel safety
    ///
    /// As [`shutdown`](Self::shutdown).
    pub async fn shutdown_within(&self, timeout: Duration) -> Result<Report, ShutdownError> {
        let driver = Driver::asynchronous();
        crate::driver::run(&driver, self.handles.owned.shutdown(Some(timeout), &driver)).await
    }

    /// The next failure for which a member has left the group, under its path in the report of the group. Each is for one
    /// caller; the last 16 are kept. Who supervises the value that the group is a field of waits here too.
    ///
    /// # Cancel safety
    ///
    /// May be dropped: nothing is lost.
    pub async fn failed(&self) -> Ended {
        self.handles.owned.failed("Group").await
    }

    /// Waits until the member of that name has left: it has ended or failed, and what was left of it is shut down, or
    /// somebody else has removed it. At once if there is none. Never for one that is abandoned with the group.
    ///
    /// # Cancel safety
    ///
    /// May be dropped.
    pub async fn left(&self, name: &str) {
        let member = lock(&self.handles.owned.state).members.get(name).map(Arc::clone);
        if let Some(member) = member {
            member.left().await;
        }
    }

    /// The names of the members.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        lock(&self.handles.owned.state).members.keys().map(ToString::to_string).collect()
    }

    /// Whether there is a member of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        lock(&self.handles.owned.state).members.contains_key(name)
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.handles.owned.state).members.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handles.owned.is_empty()
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("name", &self.handles.owned.name).field("members", &self.names()).finish()
    }
}

impl Members {
    /// A place for a new member; else whether the group is closed.
    fn enter(&self, name: String, location: &'static Location<'static>) -> Result<Arc<Member>, bool> {
        let mut state = lock(&self.state);
        let name: Arc<str> = name.into();
        if state.closed.is_some() || state.members.contains_key(&name) {
            return Err(state.closed.is_some());
        }
        let member = Arc::new(Member::new(Arc::clone(&name), location));
        state.members.insert(name, Arc::clone(&member));
        Ok(member)
    }

    /// The member is over.
    fn leaves(&self, member: &Arc<Member>) {
        let left = lock(&self.state).remove(member);
        drop(left);
        member.leaves();
    }

    /// A member has failed. For good, if it is not started again: then it leaves.
    fn has_failed(&self, member: &Arc<Member>, ended: Ended, for_good: bool) {
        crate::observe::member_failed(&self.name, member.name(), ended.outcome(), for_good);
        let left = {
            let mut state = lock(&self.state);
            match state.failures.len() {
                MENTIONED => state.more_failures += 1,
                _ => state.failures.push(format!("{:?}{} {}", member.name(), ended.name(), ended.outcome())),
            }
            // Under one lock: a report has either the member or its failure.
            if for_good { state.remove(member) } else { None }
        };
        drop(left);
        if for_good {
            self.fresh.add((member.name().to_owned(), ended));
            member.leaves();
        }
    }

    /// The next failure of [`Group::failed`], of a group that its owner's report calls `group`.
    async fn failed(&self, group: &str) -> Ended {
        let (member, ended) = self.fresh.next().await;
        let name = format!("{group}.members[{member:?}]{}", ended.name());
        ended.named(name)
    }

    /// No member comes from now on. Those that there are.
    fn close(&self) -> Arc<[Arc<Member>]> {
        let mut state = lock(&self.state);
        if let Some(members) = &state.closed {
            return Arc::clone(members);
        }
        let members: Arc<[_]> = state.members.values().cloned().collect();
        state.closed = Some(Arc::clone(&members));
        members
    }

    fn is_empty(&self) -> bool {
        lock(&self.state).members.is_empty()
    }
}
