//! One member: its value, and the task that waits for its end.

use std::any::Any;
use std::error::Error;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{ALONE, Members};
use crate::driver::{self, Driver, catch};
use crate::observe;
use crate::plan::{self, Step};
use crate::resource::owned::Owned;
use crate::sync::latch::Latch;
use crate::sync::{lock, quietly};
use crate::teardown::nest::{self, Nest};
use crate::teardown::{Ended, Failure, Outcome, Progress, Report, Teardown, Wait};
use crate::value::Shared;

/// A member that has run for this time has all attempts again.
const STEADY: Duration = Duration::from_secs(60);

type Value = Box<dyn Teardown + Send>;

/// A member of a group.
pub(super) struct Member {
    name: Arc<str>,
    location: &'static Location<'static>,
    /// Nothing between two attempts.
    value: Mutex<Option<Shared<Value>>>,
    /// Somebody else stops it: its task lets go of the value.
    stop: CancellationToken,
    /// The task has let go of it.
    is_left: Latch,
    /// It is a member no more.
    is_gone: Latch,
}

impl Member {
    pub(super) fn new(name: Arc<str>, location: &'static Location<'static>) -> Self {
        let (stop, is_left, is_gone) = (CancellationToken::new(), Latch::new(), Latch::new());
        Member { name, location, value: Mutex::new(None), stop, is_left, is_gone }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn key(&self) -> &Arc<str> {
        &self.name
    }

    /// Asks its task to let go of the value, which somebody else stops.
    pub(super) fn let_go(&self) {
        self.stop.cancel();
    }

    /// It is a member no more.
    pub(super) fn leaves(&self) {
        self.is_gone.set();
    }

    pub(super) async fn left(&self) {
        self.is_gone.wait().await;
    }

    /// Its value is there.
    pub(super) fn runs(&self, value: Value) {
        let before = lock(&self.value).replace(Shared::new(value));
        drop(before);
    }

    fn value(&self) -> Option<Shared<Value>> {
        lock(&self.value).clone()
    }

    /// Waits until it is over, by itself; never if nothing of it tells of its end.
    async fn end(&self) -> Ended {
        let Some(value) = self.value() else { return pending().await };
        let mut last: Option<Ended> = None;
        loop {
            match (value.watch().await, last) {
                (Some((ended, is_over)), _) if is_over || ended.stops_all() => return ended,
                (Some((ended, _)), _) => last = Some(ended),
                // All that could end has.
                (None, Some(last)) => return last,
                (None, None) => return pending().await,
            }
        }
    }

    /// Shuts it down, or what stands for it, by itself.
    pub(super) async fn stop_alone(&self, value: Value, timeout: Duration) -> Report {
        let driver = Driver::asynchronous();
        let mut whole = Progress::new("Group");
        whole.requested = Some(driver.now());
        let mut progress = Progress::new(format!("Group.members[{:?}]", self.name()));
        let stopping = plan::run_together(vec![(Step::owned(value), &mut progress)], timeout, &driver);
        driver::run(&driver, stopping).await;
        whole.children.push(progress);
        whole.finish(plan::worst(&whole), driver.now());
        let report = Report::of(&whole, Some(self.location), Some(timeout), driver.now());
        observe::finished(&report.clone());
        report
    }

    /// Waits for its end, then shuts down what is left of it. A panic of either, as of its drop, is a failure.
    async fn run(&self) -> Ended {
        let ended = catch(self.end()).await.unwrap_or_else(panicked);
        match catch(self.clear()).await {
            Err(payload) if !ended.stops_all() => panicked(payload),
            Err(payload) => {
                quietly(|| drop(payload));
                ended
            }
            Ok(()) => ended,
        }
    }

    /// Shuts down what is left of it after its end.
    async fn clear(&self) {
        if let Some(value) = self.value() {
            self.stop_alone(Box::new(value), ALONE).await;
            let value = lock(&self.value).take();
            drop(value);
        }
    }
}

fn panicked(payload: Box<dyn Any + Send>) -> Ended {
    Ended::whole(Outcome::caught(payload))
}

/// The task has let go of its member, on whatever path. It is made before the task, which may never be polled.
pub(super) struct Watching(pub(super) Arc<Member>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.is_left.set();
    }
}

/// The task of a member that is started once.
pub(super) async fn watch_once(watching: Watching, members: Weak<Owned<Members>>) {
    let member = &watching.0;
    let Some(ended) = member.stop.run_until_cancelled(member.run()).await else { return };
    match members.upgrade() {
        Some(members) if ended.stops_all() => members.has_failed(member, ended, true),
        Some(members) => members.leaves(member),
        None => {}
    }
}

/// The task of a member that is started again.
pub(super) async fn keep_running<T, E, S, F, D>(
    watching: Watching,
    members: Weak<Owned<Members>>,
    mut restarts: Restarts<D>,
    mut start: S,
) where
    T: Teardown + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    S: FnMut() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
    D: IntoIterator<Item = Duration> + Clone + Send + 'static,
    D::IntoIter: Send,
{
    let member = &watching.0;
    let run = async {
        loop {
            let (ended, lasted) = match catch(async { start().await }).await {
                Ok(Ok(value)) => {
                    let began = Instant::now();
                    member.runs(Box::new(value));
                    (member.run().await, began.elapsed())
                }
                Ok(Err(error)) => (Ended::whole(Outcome::Failed(Failure::new(error))), Duration::ZERO),
                Err(payload) => (panicked(payload), Duration::ZERO),
            };
            let Some(members) = members.upgrade() else { return };
            if !ended.stops_all() {
                return members.leaves(member);
            }
            let delay = match catch_unwind(AssertUnwindSafe(|| restarts.next(lasted))) {
                Ok(Some(delay)) => delay,
                Ok(None) => return members.has_failed(member, ended, true),
                Err(payload) => {
                    members.has_failed(member, ended, false);
                    return members.has_failed(member, panicked(payload), true);
                }
            };
            members.has_failed(member, ended, false);
            drop(members);
            tokio::time::sleep(delay).await;
        }
    };
    // What else may panic: a runtime without a timer.
    if let Some(Err(payload)) = member.stop.run_until_cancelled(catch(run)).await
        && let Some(members) = members.upgrade()
    {
        members.has_failed(member, panicked(payload), true);
    }
}

/// The delays that are left before the next attempts.
pub(super) struct Restarts<D: IntoIterator<Item = Duration>> {
    all: D,
    left: D::IntoIter,
}

impl<D: IntoIterator<Item = Duration> + Clone> Restarts<D> {
    pub(super) fn new(all: D) -> Self {
        Restarts { left: all.clone().into_iter(), all }
    }

    /// The delay before the next attempt; none if there is none. `lasted`: the time that the member has run.
    fn next(&mut self, lasted: Duration) -> Option<Duration> {
        if lasted >= STEADY {
            self.left = self.all.clone().into_iter();
        }
        self.left.next()
    }
}

/// A member that somebody stops: as its value, once its task has let go of that.
pub(super) struct Leaving(pub(super) Arc<Member>);

impl Leaving {
    /// One that is forced before the task has let go of it is forced then.
    async fn ended(&mut self, progress: &mut Progress, nest: Nest) -> Outcome {
        self.0.let_go();
        self.0.is_left.wait().await;
        let Some(value) = self.0.value() else { return Outcome::Stopped };
        let mut value = &value;
        value.request(progress);
        if progress.is_forced() {
            value.force(progress);
        }
        value.wait_in(progress, &nest).await
    }
}

impl Teardown for Leaving {
    fn request(&mut self, progress: &mut Progress) {
        self.0.let_go();
        if let Some(value) = self.0.value() {
            (&value).request(progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(nest::root(|nest| self.ended(progress, nest)))
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        nest.enter(|nest| Box::pin(self.ended(progress, nest)))
    }

    fn force(&mut self, progress: &mut Progress) {
        match self.0.value().filter(|_| self.0.is_left.is_set()) {
            Some(value) => (&value).force(progress),
            None => {
                let member = Arc::clone(&self.0);
                progress.if_stuck(move || {
                    let stuck = !member.is_left.is_set();
                    stuck.then(|| "a poll of it, or its start, has not returned".to_owned())
                });
            }
        }
    }
}
