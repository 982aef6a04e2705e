//! The resources of a value that is gone.

use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::driver::Driver;
use crate::observe;
use crate::plan::{self, Spec, Step};
use crate::sync::latch::Latch;
use crate::sync::lock;
use crate::teardown::nest::{self, Nest};
use crate::teardown::{Outcome, Progress, Report, Teardown, Wait};
use crate::value::Phase;
use crate::value::nodes::{self, Node, Registered};

/// The resources that were moved out of a value, in the order of its plan; `None` for those that could not be, which
/// were forced. DroppedValue before they have ended, they are forced.
pub(crate) struct Detached {
    spec: &'static Spec,
    resources: Resources,
    progress: Progress,
    ended: bool,
}

type Resources = Vec<Option<Box<dyn Teardown + Send>>>;

impl Detached {
    pub(crate) fn new(spec: &'static Spec, resources: Resources, progress: Progress) -> Self {
        Detached { spec, resources, progress, ended: false }
    }

    pub(crate) async fn run(&mut self, limit: Duration, driver: &Arc<Driver>) {
        plan::run(self.spec, steps(&mut self.resources), &mut self.progress, limit, driver).await;
        self.ended = true;
    }

    /// Forces what has not ended; nobody waits for it.
    pub(crate) fn end(&mut self) {
        plan::force(self.spec, &mut steps(&mut self.resources), &mut self.progress);
        self.ended = true;
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Drops the resources, each by itself: a drop that panics, which the panic hook tells, keeps none of the others,
    /// and two of them do not abort the process.
    pub(crate) fn drop_resources(&mut self) {
        for resource in self.resources.drain(..) {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(resource))) {
                let caught = Outcome::caught(payload);
                observe::complain(&format!("the drop of a resource of `{}`: {caught}", self.spec.name));
            }
        }
    }

    async fn wait_nested(&mut self, progress: &mut Progress, nest: Nest) -> Outcome {
        let outcome = plan::wait_nested(self.spec, steps(&mut self.resources), &mut self.progress, nest).await;
        self.ended = true;
        progress.children = std::mem::take(&mut self.progress.children);
        outcome
    }

    fn take_over(&mut self, progress: &mut Progress) {
        self.progress.driver.clone_from(&progress.driver);
        self.progress.rename(&progress.name);
        (self.progress.deadline, self.progress.forced) = (progress.deadline, self.progress.forced.or(progress.forced));
        let known = std::mem::take(&mut progress.children);
        for (own, known) in self.progress.children.iter_mut().zip(known) {
            if own.outcome.is_none() {
                *own = known;
            }
        }
    }
}

fn steps(resources: &mut Resources) -> Vec<Step<'_>> {
    resources.iter_mut().map(|resource| Step::orphan(resource.as_deref_mut())).collect()
}

impl Drop for Detached {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
        self.drop_resources();
    }
}

/// As the resources of a nested value. It has its own `Progress`, and first copies what its owner's knows.
impl Teardown for Detached {
    fn request(&mut self, progress: &mut Progress) {
        self.take_over(progress);
        plan::request(self.spec, &mut steps(&mut self.resources), &mut self.progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            self.take_over(progress);
            nest::root(|nest| self.wait_nested(progress, nest)).await
        })
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        nest.enter(|nest| {
            Box::pin(async move {
                self.take_over(progress);
                self.wait_nested(progress, nest).await
            })
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        self.take_over(progress);
        plan::force(self.spec, &mut steps(&mut self.resources), &mut self.progress);
    }
}

/// What the exit of a host needs of what was dropped.
type AtExit = dyn Fn() -> Option<Box<dyn Any>> + Send + Sync;

/// A value that is gone and whose resources are with the reaper: in the registry, so that anyone who stops everything waits
/// for it.
pub struct DroppedValue {
    name: &'static str,
    location: &'static Location<'static>,
    since: Instant,
    over: Latch,
    outcome: Mutex<Outcome>,
    /// Whether its report is out.
    reported: AtomicBool,
    at_exit: Box<AtExit>,
    _registered: Registered,
}

impl DroppedValue {
    /// Registers what was dropped.
    pub(crate) fn register(name: &'static str, location: &'static Location<'static>) -> Arc<Self> {
        Self::new(name, location, Box::new(|| None), nodes::register)
    }

    /// Registers what was dropped, and what the exit of a host stops.
    pub fn register_for_exit(
        name: &'static str,
        location: &'static Location<'static>,
        at_exit: impl Fn() -> Option<Box<dyn Any>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::new(name, location, Box::new(at_exit), nodes::register_for_exit)
    }

    fn new(
        name: &'static str,
        location: &'static Location<'static>,
        at_exit: Box<AtExit>,
        register: fn(Weak<dyn Node>) -> Registered,
    ) -> Arc<Self> {
        Arc::new_cyclic(|dropped: &Weak<Self>| DroppedValue {
            name,
            location,
            since: Instant::now(),
            over: Latch::new(),
            outcome: Mutex::new(Outcome::abandoned("the reaper has not stopped it")),
            reported: AtomicBool::new(false),
            at_exit,
            _registered: register(Weak::clone(dropped) as Weak<dyn Node>),
        })
    }

    /// Its report. One that comes after it was reported as late is an event and no shutdown of its own.
    pub(crate) fn report(&self, report: &Report) {
        if self.reported.swap(true, Ordering::Relaxed) {
            observe::finished_late(report);
        } else {
            observe::finished(report);
        }
    }

    /// Its teardown is over.
    pub fn ended(&self, outcome: Outcome) {
        *lock(&self.outcome) = outcome;
        self.over.set();
    }
}

impl Node for DroppedValue {
    fn name(&self) -> String {
        format!("{}, dropped", self.name)
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn created(&self) -> Instant {
        self.since
    }

    fn phase(&self) -> Phase {
        Phase::Stopping
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(Reaping(self)))
    }

    fn at_exit(self: Arc<Self>) -> Option<Box<dyn Any>> {
        (self.at_exit)()
    }
}

/// Waits for the reaper.
struct Reaping(Arc<DroppedValue>);

impl Teardown for Reaping {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            self.0.over.wait().await;
            lock(&self.0.outcome).clone()
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        progress.if_stuck(|| Some("the reaper still stops what it left".to_owned()));
    }
}
