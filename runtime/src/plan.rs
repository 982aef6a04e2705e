//! A plan orders the steps of one value, and asks, waits for and forces them.
//!
//! How the budget is divided (rule 1 of the design): a step that may start at `now` gets what is left of the plan's
//! budget divided by the steps left on its longest chain; a step with a cap of its own gets the cap, within what is left.
//! The last tenth of that, 100 ms at most, is for confirming a force. A budget of zero means at once: every step is asked
//! and forced now, in no order, and has 100 ms to be confirmed.

mod spec;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::driver::{Drive, catch};
use crate::teardown::nest::{self, Nest};
use crate::teardown::{Memo, Outcome, Teardown, Wait};

pub use spec::{OnDrop, Spec, StepSpec};

/// The most that is kept of a step's share to confirm a force.
const SETTLE_MAX: Duration = Duration::from_millis(100);

/// Asks the steps that wait for nothing.
pub(crate) fn request(spec: &'static Spec, steps: &mut [Step<'_>], memo: &mut Memo) {
    spec.prepare(memo);
    let now = now(memo);
    for ((step, spec), memo) in steps.iter_mut().zip(spec.steps).zip(&mut memo.children) {
        if spec.after.is_empty() {
            ask(step, memo, now);
        }
    }
}

/// Runs the plan to its end: each step is asked once what it waits for has ended.
pub(crate) async fn wait(spec: &'static Spec, steps: Vec<Step<'_>>, memo: &mut Memo, nest: Nest) -> Outcome {
    let Some(drive) = memo.drive.clone() else {
        // No driver has made this memo: its alarms are served here.
        let drive = Drive::asynchronous();
        memo.drive = Some(Arc::clone(&drive));
        return Box::pin(crate::driver::run(&drive, nest::root(|nest| wait(spec, steps, memo, nest)))).await;
    };
    spec.prepare(memo);
    let limit = memo.deadline.unwrap_or_else(|| drive.after(spec.timeout));
    let in_order = !memo.is_forced() && limit > drive.now();
    let chains = spec.chains();
    let mut ended: Vec<bool> = memo.children.iter().map(|child| child.outcome.is_some()).collect();
    let home = memo.home.clone();
    memo.children.iter_mut().for_each(|child| child.home = home.clone());
    let mut blocked: Vec<_> = steps.into_iter().zip(&mut memo.children).map(Some).collect();
    let mut running = FuturesUnordered::new();
    loop {
        for (i, step_spec) in spec.steps.iter().enumerate() {
            if in_order && !step_spec.after.iter().all(|&before| ended[before]) {
                continue;
            }
            let Some((step, child)) = blocked[i].take_if(|_| !ended[i]) else { continue };
            let left = limit.saturating_duration_since(drive.now());
            let share = if in_order { Share::of(left, step_spec.timeout, chains[i]) } else { Share::at_once(left) };
            let (drive, nest) = (&drive, &nest);
            running.push(async move {
                run_step(step, child, share, drive, nest).await;
                i
            });
        }
        match running.next().await {
            Some(i) => ended[i] = true,
            None => break,
        }
    }
    drop(running);
    worst(memo)
}

/// As [`wait`], for a value inside another: bounded by its own timeout too.
pub(crate) async fn wait_nested(spec: &'static Spec, steps: Vec<Step<'_>>, memo: &mut Memo, nest: Nest) -> Outcome {
    if let Some(drive) = &memo.drive {
        let own = drive.after(spec.timeout);
        memo.deadline = Some(memo.deadline.map_or(own, |deadline| deadline.min(own)));
    }
    wait(spec, steps, memo, nest).await
}

/// Forces every step that has not ended; one that was never asked is asked first.
pub(crate) fn force(spec: &'static Spec, steps: &mut [Step<'_>], memo: &mut Memo) {
    spec.prepare(memo);
    let now = now(memo);
    for (step, memo) in steps.iter_mut().zip(&mut memo.children) {
        if memo.outcome.is_none() {
            ask(step, memo, now);
            force_step(step, memo, now);
        }
    }
}

/// The outcome of a group: that of its worst member, by name.
pub(crate) fn worst(memo: &Memo) -> Outcome {
    let worst = memo.children.iter().max_by_key(|child| child.outcome.as_ref().map_or(0, Outcome::severity));
    match worst.and_then(|child| Some((&child.name, child.outcome.clone()?))) {
        None => Outcome::Stopped,
        Some((name, Outcome::Abandoned { reason })) => Outcome::abandoned(format!("`{name}`: {reason}")),
        Some((name, Outcome::Panicked { message })) => Outcome::Panicked { message: format!("`{name}`: {message}") },
        Some((_, outcome)) => outcome,
    }
}

/// The share of the budget that a step gets.
struct Share {
    /// To end by itself.
    wait: Duration,
    /// To be confirmed after a force.
    settle: Duration,
}

impl Share {
    fn of(left: Duration, cap: Option<Duration>, chain: u32) -> Self {
        let whole = match cap {
            Some(cap) => cap.min(left),
            None => left / chain,
        };
        let settle = (whole / 10).min(SETTLE_MAX);
        Share { wait: whole - settle, settle }
    }

    /// For what is forced whatever the order: it has ended already, or it is forced.
    fn at_once(left: Duration) -> Self {
        Share { wait: Duration::ZERO, settle: if left.is_zero() { SETTLE_MAX } else { left } }
    }
}

/// The three moves of one step, with what a panic in any of them becomes.
async fn run_step(mut step: Step<'_>, memo: &mut Memo, share: Share, drive: &Arc<Drive>, nest: &Nest) {
    memo.drive = Some(Arc::clone(drive));
    let deadline = drive.after(share.wait);
    let mut limit = deadline + share.settle;
    ask(&mut step, memo, drive.now());
    let mut outcome = None;
    if memo.forced.is_none() {
        memo.deadline = Some(deadline);
        outcome = until(deadline, &mut step, memo, drive, nest).await;
        if outcome.is_none() {
            force_step(&mut step, memo, drive.now());
            // A driver that comes back late, because its thread was blocked, still has the time to confirm the force.
            limit = limit.max(drive.now() + share.settle);
        }
    }
    if outcome.is_none() {
        memo.deadline = Some(limit);
        outcome = until(limit, &mut step, memo, drive, nest).await;
    }
    let outcome = outcome.unwrap_or_else(|| Outcome::abandoned(memo.stuck()));
    memo.finish(outcome, drive.now());
    crate::observe::step_ended(memo);
}

/// What the step ends as, unless `at` passes before. A wait that is late is dropped, and may panic even then.
async fn until(at: Instant, step: &mut Step<'_>, memo: &mut Memo, drive: &Drive, nest: &Nest) -> Option<Outcome> {
    let mut wait = Box::pin(ended(step, memo, nest));
    let outcome = drive.until(at, wait.as_mut()).await;
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(wait))) {
        memo.problem(Outcome::caught(payload));
    }
    outcome
}

/// What a step that was asked, and perhaps forced, ends as.
pub(crate) async fn ended(step: &mut Step<'_>, memo: &mut Memo, nest: &Nest) -> Outcome {
    if memo.is_abandoned() {
        return Outcome::Forced; // the reason counts, in `Memo::finish`
    }
    let result = match memo.drive.clone() {
        Some(drive) => {
            let name = drive.named(&memo.name);
            drive.part(name, catch(async { step.wait_in(memo, nest).await })).await
        }
        None => catch(async { step.wait_in(memo, nest).await }).await,
    };
    match result {
        Ok(Outcome::Stopped) if memo.is_forced() => Outcome::Forced,
        Ok(outcome) => outcome,
        Err(payload) => {
            let outcome = Outcome::caught(payload);
            // It ended the wait, and perhaps not the resource.
            let before = memo.problem.take();
            force_step(step, memo, now(memo));
            if memo.is_abandoned() {
                memo.problem = None; // that it panicked says more than that it has no force
            }
            before.into_iter().for_each(|problem| memo.problem(problem));
            outcome
        }
    }
}

pub(crate) fn ask(step: &mut Step<'_>, memo: &mut Memo, now: Instant) {
    if memo.asked.is_none() {
        memo.asked = Some(now);
        guarded(memo, |memo| step.request(memo));
    }
}

pub(crate) fn force_step(step: &mut Step<'_>, memo: &mut Memo, now: Instant) {
    if memo.forced.is_none() {
        memo.forced = Some(now);
        guarded(memo, |memo| step.force(memo));
    }
}

/// Asks and forces something that nobody will wait for.
pub(crate) fn ask_and_force(step: &mut Step<'_>) {
    let mut memo = Memo::new("");
    let now = Instant::now();
    ask(step, &mut memo, now);
    force_step(step, &mut memo, now);
}

/// Makes a move that must not take the others with it when it panics.
fn guarded(memo: &mut Memo, make: impl FnOnce(&mut Memo)) {
    let drive = memo.drive.clone();
    let _inside = drive.as_ref().map(|drive| drive.enter(drive.named(&memo.name)));
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| make(memo))) {
        memo.problem(Outcome::caught(payload));
    }
}

pub(crate) fn now(memo: &Memo) -> Instant {
    memo.drive.as_ref().map_or_else(Instant::now, |drive| drive.now())
}

/// One resource of a value, borrowed for a teardown.
pub struct Step<'a>(Moves<'a>);

enum Moves<'a> {
    Borrowed(&'a mut (dyn Teardown + Send + 'a)),
    Owned(Box<dyn Teardown + Send + 'a>),
    Ended,
}

impl<'a> Step<'a> {
    /// A field that makes its type's own moves.
    pub fn new<T: Teardown + Send + 'a>(value: &'a mut T) -> Self {
        Step(Moves::Borrowed(value))
    }

    /// A field of a `shared` value.
    pub fn shared<T: ?Sized>(value: &'a T) -> Self
    where
        &'a T: Teardown + Send,
    {
        Step(Moves::Owned(Box::new(value)))
    }

    /// A step that owns what it stops.
    pub(crate) fn owned(value: Box<dyn Teardown + Send + 'a>) -> Self {
        Step(Moves::Owned(value))
    }

    /// A step that was moved out of a value that is gone; none if it has ended already.
    pub(crate) fn orphan(value: Option<&'a mut (dyn Teardown + Send + 'static)>) -> Self {
        match value {
            Some(value) => Step(Moves::Borrowed(value)),
            None => Step(Moves::Ended),
        }
    }

    fn get(&mut self) -> Option<&mut (dyn Teardown + Send + 'a)> {
        match &mut self.0 {
            Moves::Borrowed(value) => Some(*value),
            Moves::Owned(value) => Some(&mut **value),
            Moves::Ended => None,
        }
    }
}

impl Teardown for Step<'_> {
    fn request(&mut self, memo: &mut Memo) {
        if let Some(value) = self.get() {
            value.request(memo);
        }
    }

    fn wait<'b>(&'b mut self, memo: &'b mut Memo) -> Wait<'b> {
        match self.get() {
            Some(value) => value.wait(memo),
            None => Box::pin(std::future::ready(orphaned())),
        }
    }

    fn wait_in<'b>(&'b mut self, memo: &'b mut Memo, nest: &Nest) -> Wait<'b> {
        match self.get() {
            Some(value) => value.wait_in(memo, nest),
            None => Box::pin(std::future::ready(orphaned())),
        }
    }

    fn force(&mut self, memo: &mut Memo) {
        if let Some(value) = self.get() {
            value.force(memo);
        }
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        self.get()?.detach()
    }
}

/// Moves the steps that can be moved out to where they can outlive the value. The others have been asked as far as their
/// order allows; they are forced, since nobody is left to wait for them.
pub(crate) fn detach(
    spec: &'static Spec,
    steps: &mut [Step<'_>],
    memo: &mut Memo,
) -> Vec<Option<Box<dyn Teardown + Send>>> {
    spec.prepare(memo);
    let now = now(memo);
    let detached = steps.iter_mut().zip(&mut memo.children).map(|(step, memo)| {
        if memo.outcome.is_some() {
            return None;
        }
        let mut detached = None;
        guarded(memo, |_| detached = step.detach());
        if detached.is_none() {
            ask(step, memo, now);
            force_step(step, memo, now);
            memo.finish(orphaned(), now);
        }
        detached
    });
    detached.collect()
}

/// What became of a step that could not be moved out of a value that was dropped.
pub(crate) fn orphaned() -> Outcome {
    Outcome::abandoned("forced when its owner was dropped, and not waited for")
}

/// Runs a whole plan under `timeout`, and notes in `memo` what became of it.
pub(crate) async fn run(
    spec: &'static Spec,
    steps: Vec<Step<'_>>,
    memo: &mut Memo,
    timeout: Duration,
    drive: &Arc<Drive>,
) {
    nest::root(|nest| run_in(spec, steps, memo, timeout, drive, nest)).await;
}

/// As [`run`], of a value that may be within another.
pub(crate) async fn run_in(
    spec: &'static Spec,
    steps: Vec<Step<'_>>,
    memo: &mut Memo,
    timeout: Duration,
    drive: &Arc<Drive>,
    nest: Nest,
) {
    memo.drive = Some(Arc::clone(drive));
    memo.asked.get_or_insert_with(|| drive.now());
    memo.deadline = Some(drive.after(timeout));
    let outcome = catch(wait(spec, steps, memo, nest)).await.unwrap_or_else(Outcome::caught);
    memo.finish(outcome, drive.now());
}

/// Runs steps that do not depend on each other, each with the whole of `timeout`.
pub(crate) async fn run_together(steps: Vec<(Step<'_>, &mut Memo)>, timeout: Duration, drive: &Arc<Drive>) {
    let share = || if timeout.is_zero() { Share::at_once(timeout) } else { Share::of(timeout, None, 1) };
    nest::root(async |nest: Nest| {
        let mut running: FuturesUnordered<_> =
            steps.into_iter().map(|(step, memo)| run_step(step, memo, share(), drive, &nest)).collect();
        while running.next().await.is_some() {}
    })
    .await;
}

#[cfg(all(test, feature = "tokio", not(sundown_loom)))]
mod tests;
