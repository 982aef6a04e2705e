//! The resources of a value that is gone.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::driver::Drive;
use crate::observe;
use crate::plan::{self, Spec, Step};
use crate::sync::latch::Latch;
use crate::sync::lock;
use crate::teardown::nest::{self, Nest};
use crate::teardown::{Memo, Outcome, Report, Teardown, Wait};
use crate::value::Phase;
use crate::value::nodes::{self, Node, Registered};

/// The resources that were moved out of a value, in the order of its plan; `None` for those that could not be, which
/// were forced. Dropped before they have ended, they are forced.
pub(crate) struct Orphans {
    spec: &'static Spec,
    resources: Resources,
    memo: Memo,
    ended: bool,
}

type Resources = Vec<Option<Box<dyn Teardown + Send>>>;

impl Orphans {
    pub(crate) fn new(spec: &'static Spec, resources: Resources, memo: Memo) -> Self {
        Orphans { spec, resources, memo, ended: false }
    }

    pub(crate) async fn run(&mut self, limit: Duration, drive: &Arc<Drive>) {
        plan::run(self.spec, steps(&mut self.resources), &mut self.memo, limit, drive).await;
        self.ended = true;
    }

    /// Forces what has not ended; nobody waits for it.
    pub(crate) fn end(&mut self) {
        plan::force(self.spec, &mut steps(&mut self.resources), &mut self.memo);
        self.ended = true;
    }

    pub(crate) fn memo(&self) -> &Memo {
        &self.memo
    }
}

fn steps(resources: &mut Resources) -> Vec<Step<'_>> {
    resources.iter_mut().map(|resource| Step::orphan(resource.as_deref_mut())).collect()
}

impl Drop for Orphans {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
    }
}

/// As the resources of a nested value. The books are its own; what its owner's memo knew is taken over.
impl Teardown for Orphans {
    fn request(&mut self, memo: &mut Memo) {
        self.take_over(memo);
        plan::request(self.spec, &mut steps(&mut self.resources), &mut self.memo);
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            self.take_over(memo);
            nest::root(|nest| self.wait_nested(memo, nest)).await
        })
    }

    fn wait_in<'a>(&'a mut self, memo: &'a mut Memo, nest: &Nest) -> Wait<'a> {
        nest.enter(|nest| {
            Box::pin(async move {
                self.take_over(memo);
                self.wait_nested(memo, nest).await
            })
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        self.take_over(memo);
        plan::force(self.spec, &mut steps(&mut self.resources), &mut self.memo);
    }
}

impl Orphans {
    async fn wait_nested(&mut self, memo: &mut Memo, nest: Nest) -> Outcome {
        let outcome = plan::wait_nested(self.spec, steps(&mut self.resources), &mut self.memo, nest).await;
        self.ended = true;
        memo.children = std::mem::take(&mut self.memo.children);
        outcome
    }

    fn take_over(&mut self, memo: &mut Memo) {
        self.memo.drive.clone_from(&memo.drive);
        (self.memo.deadline, self.memo.forced) = (memo.deadline, self.memo.forced.or(memo.forced));
        let known = std::mem::take(&mut memo.children);
        for (own, known) in self.memo.children.iter_mut().zip(known) {
            if own.outcome.is_none() {
                *own = known;
            }
        }
    }
}

/// A value that is gone and whose resources are with the reaper: in the registry, so that whoever stops everything waits
/// for it.
pub(crate) struct Dropped {
    name: &'static str,
    location: &'static Location<'static>,
    since: Instant,
    over: Latch,
    outcome: Mutex<Outcome>,
    /// Whether its report is out.
    reported: AtomicBool,
    _registered: Registered,
}

impl Dropped {
    pub(crate) fn register(name: &'static str, location: &'static Location<'static>) -> Arc<Self> {
        Arc::new_cyclic(|dropped: &Weak<Self>| Dropped {
            name,
            location,
            since: Instant::now(),
            over: Latch::new(),
            outcome: Mutex::new(Outcome::abandoned("the reaper has not stopped it")),
            reported: AtomicBool::new(false),
            _registered: nodes::register(Weak::clone(dropped) as Weak<dyn Node>),
        })
    }

    /// Its report. One that comes after it was reported as late is an event and no shutdown of its own.
    pub(crate) fn report(&self, report: &Report) {
        if self.reported.swap(true, Ordering::Relaxed) {
            observe::settled_late(report);
        } else {
            observe::settled(report);
        }
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        *lock(&self.outcome) = outcome;
        self.over.set();
    }
}

impl Node for Dropped {
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
}

/// Waits for the reaper.
struct Reaping(Arc<Dropped>);

impl Teardown for Reaping {
    fn request(&mut self, _memo: &mut Memo) {}

    fn wait<'a>(&'a mut self, _memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            self.0.over.wait().await;
            lock(&self.0.outcome).clone()
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        memo.if_stuck(|| Some("the reaper still stops what it left".to_owned()));
    }
}
