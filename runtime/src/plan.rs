//! A plan orders the steps of one value, and asks, waits for and forces them.
//!
//! How the budget is divided: what is left of it when a step starts belongs to this step, but for the reserve of those
//! behind it; see [`Chains`].
//! The last tenth of a share, 100 ms at most, is for confirming a force. A budget of zero means at once: every step is asked
//! and forced now, in no order, and has 100 ms to be confirmed. So has a step for which nothing is left, because the driver came
//! back late.

mod chains;
mod spec;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::driver::{Driver, catch};
use crate::teardown::nest::{self, Nest};
use crate::teardown::together::Together;
use crate::teardown::{Outcome, Progress, Teardown, Wait, Watch};

use chains::Chains;
#[cfg(feature = "run")]
pub(crate) use chains::drain_share;
pub use spec::{OnDrop, Spec, StepSpec};
pub(crate) use watch::{watch, watch_step};

/// The most that is kept of a step's share to confirm a force.
pub(crate) const SETTLE_MAX: Duration = Duration::from_millis(100);

/// What a step has from its request to its force when a second signal comes at once: signals are sent twice by accident.
const HURRIED: Duration = Duration::from_millis(250);

/// Asks the steps that wait for nothing.
pub(crate) fn request(spec: &'static Spec, steps: &mut [Step<'_>], progress: &mut Progress) {
    spec.prepare(progress);
    let now = now(progress);
    for ((step, spec), progress) in steps.iter_mut().zip(spec.steps).zip(&mut progress.children) {
        if spec.after.is_empty() {
            request_step(step, progress, now);
        }
    }
}

/// Runs the plan to its end: each step is asked once what it waits for has ended.
pub(crate) async fn wait(spec: &'static Spec, steps: &mut [Step<'_>], progress: &mut Progress, nest: Nest) -> Outcome {
    let Some(driver) = progress.driver.clone() else {
        // No driver runs this: its alarms are served here.
        let driver = Driver::asynchronous();
        progress.driver = Some(Arc::clone(&driver));
        return Box::pin(crate::driver::run(&driver, nest::root(|nest| wait(spec, steps, progress, nest)))).await;
    };
    spec.prepare(progress);
    let limit = progress.deadline.unwrap_or_else(|| driver.after(spec.timeout));
    let whole = limit.saturating_duration_since(driver.now());
    let in_order = !progress.is_forced() && !whole.is_zero();
    let mut ended: Vec<bool> = progress.children.iter().map(|child| child.outcome.is_some()).collect();
    let chains = Chains::of(spec.steps, &ended, whole);
    let context = progress.context.clone();
    progress.children.iter_mut().for_each(|child| child.context = context.clone());
    let mut blocked: Vec<_> = steps.iter_mut().zip(&mut progress.children).map(Some).collect();
    let mut running = Together::new();
    loop {
        for (i, step_spec) in spec.steps.iter().enumerate() {
            if in_order && !step_spec.after.iter().all(|&before| ended[before]) {
                continue;
            }
            let Some((step, child)) = blocked[i].take_if(|_| !ended[i]) else { continue };
            let left = limit.saturating_duration_since(driver.now());
            let share = if in_order { chains.share(i, left) } else { left };
            // None is left behind a driver that came back late: what is forced then has its time to be confirmed, too.
            let share = if in_order && !share.is_zero() { Share::of(share) } else { Share::at_once(share) };
            let (driver, nest) = (&driver, &nest);
            running.push(async move {
                run_step(step, child, share, driver, nest).await;
                i
            });
        }
        match running.next().await {
            Some(i) => ended[i] = true,
            None => break,
        }
    }
    drop(running);
    worst(progress)
}

/// As [`wait`], for a value inside another: bounded by its own timeout too, if it has one.
pub(crate) async fn wait_nested(
    spec: &'static Spec,
    mut steps: Vec<Step<'_>>,
    progress: &mut Progress,
    nest: Nest,
) -> Outcome {
    if let Some(timeout) = spec.nested_timeout() {
        progress.bounded_by(timeout);
    }
    wait(spec, &mut steps, progress, nest).await
}

/// Forces every step that has not ended; one that was never asked is asked first.
pub(crate) fn force(spec: &'static Spec, steps: &mut [Step<'_>], progress: &mut Progress) {
    spec.prepare(progress);
    let now = now(progress);
    for (step, progress) in steps.iter_mut().zip(&mut progress.children) {
        if progress.outcome.is_none() {
            request_step(step, progress, now);
            force_step(step, progress, now);
        }
    }
}

/// The outcome of a group: that of its worst member, by name. The name is a path, and needs none of the groups around.
pub fn worst(progress: &Progress) -> Outcome {
    let worst = progress.children.iter().max_by_key(|child| child.outcome.as_ref().map_or(0, Outcome::severity));
    match worst.and_then(|child| Some((child, child.outcome.clone()?))) {
        None => Outcome::Stopped,
        Some((child, Outcome::Abandoned { reason })) => Outcome::abandoned(child.said(reason)),
        Some((child, Outcome::Panicked { message })) => Outcome::Panicked { message: child.said(message) },
        Some((_, outcome)) => outcome,
    }
}

/// The share of the budget that a step gets.
struct Share {
    /// To end by itself.
    wait: Duration,
    /// To be confirmed after a force.
    finish: Duration,
}

impl Share {
    fn of(whole: Duration) -> Self {
        let finish = (whole / 10).min(SETTLE_MAX);
        Share { wait: whole - finish, finish }
    }

    /// In a hurry, for a step that was requested so long ago. The rest is for the force to be confirmed.
    fn of_one_who_had(self, time: Duration) -> Self {
        let wait = self.wait.min(HURRIED.saturating_sub(time));
        Share { wait, finish: self.wait + self.finish - wait }
    }

    /// For what is forced whatever the order: it has ended already, or it is forced.
    fn at_once(left: Duration) -> Self {
        Share { wait: Duration::ZERO, finish: if left.is_zero() { SETTLE_MAX } else { left } }
    }
}

/// The three operations of one step, with what a panic in any of them becomes.
async fn run_step(step: &mut Step<'_>, progress: &mut Progress, share: Share, driver: &Arc<Driver>, nest: &Nest) {
    progress.driver = Some(Arc::clone(driver));
    let share = match progress.requested {
        Some(requested) if driver.hurries() && progress.is_abortable => {
            share.of_one_who_had(driver.now().saturating_duration_since(requested))
        }
        _ => share,
    };
    let deadline = driver.after(share.wait);
    let mut limit = deadline + share.finish;
    request_step(step, progress, driver.now());
    let mut outcome = None;
    if progress.forced.is_none() {
        progress.deadline = Some(deadline);
        outcome = until(deadline, step, progress, driver, nest).await;
        if outcome.is_none() {
            force_step(step, progress, driver.now());
            // A driver that comes back late, because its thread was blocked, still has the time to confirm the force.
            limit = limit.max(driver.now() + share.finish);
        }
    }
    if outcome.is_none() {
        progress.deadline = Some(limit);
        outcome = until(limit, step, progress, driver, nest).await;
    }
    let outcome = outcome.unwrap_or_else(|| Outcome::abandoned(progress.stuck()));
    progress.finish(outcome, driver.now());
    crate::observe::step_ended(progress);
}

/// What the step ends as, unless `at` passes before. A wait that is late is dropped, and may panic even then.
async fn until(
    at: Instant,
    step: &mut Step<'_>,
    progress: &mut Progress,
    driver: &Driver,
    nest: &Nest,
) -> Option<Outcome> {
    let mut wait = Box::pin(ended(step, progress, nest));
    let outcome = driver.until(at, wait.as_mut()).await;
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(wait))) {
        progress.problem(Outcome::caught(payload));
    }
    outcome
}

/// What a step that was asked, and perhaps forced, ends as.
pub(crate) async fn ended(step: &mut Step<'_>, progress: &mut Progress, nest: &Nest) -> Outcome {
    if progress.is_abandoned() {
        return Outcome::Forced; // the reason counts, in `Progress::finish`
    }
    let result = match progress.driver.clone() {
        Some(driver) => {
            let name = driver.named(&progress.name);
            driver.part(name, catch(async { step.wait_in(progress, nest).await })).await
        }
        None => catch(async { step.wait_in(progress, nest).await }).await,
    };
    match result {
        Ok(Outcome::Stopped) if progress.is_forced() => Outcome::Forced,
        Ok(outcome) => outcome,
        Err(payload) => {
            let outcome = Outcome::caught(payload);
            // It ended the wait, and perhaps not the resource.
            let before = progress.problem.take();
            force_step(step, progress, now(progress));
            if progress.is_abandoned() {
                progress.problem = None; // that it panicked says more than that it has no force
            }
            before.into_iter().for_each(|problem| progress.problem(problem));
            outcome
        }
    }
}

pub(crate) fn request_step(step: &mut Step<'_>, progress: &mut Progress, now: Instant) {
    if progress.requested.is_none() {
        progress.requested = Some(now);
        guarded(progress, |progress| step.request(progress));
    }
}

pub(crate) fn force_step(step: &mut Step<'_>, progress: &mut Progress, now: Instant) {
    if progress.forced.is_none() {
        progress.forced = Some(now);
        guarded(progress, |progress| step.force(progress));
    }
}

/// Requests and forces something that nobody will wait for.
pub(crate) fn request_and_force(step: &mut Step<'_>) {
    let mut progress = Progress::new("");
    let now = Instant::now();
    request_step(step, &mut progress, now);
    force_step(step, &mut progress, now);
}

/// Makes a move that must not take the others with it when it panics.
fn guarded(progress: &mut Progress, make: impl FnOnce(&mut Progress)) {
    let driver = progress.driver.clone();
    let _inside = driver.as_ref().map(|driver| driver.enter(driver.named(&progress.name)));
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| make(progress))) {
        progress.problem(Outcome::caught(payload));
    }
}

pub(crate) fn now(progress: &Progress) -> Instant {
    progress.driver.as_ref().map_or_else(Instant::now, |driver| driver.now())
}

/// One resource of a value, borrowed for a teardown.
pub struct Step<'a>(Operations<'a>);

enum Operations<'a> {
    Borrowed(&'a mut (dyn Teardown + Send + 'a)),
    Owned(Box<dyn Teardown + Send + 'a>),
    Ended,
}

impl<'a> Step<'a> {
    /// A field that makes its type's own operations.
    pub fn new<T: Teardown + Send + 'a>(value: &'a mut T) -> Self {
        Step(Operations::Borrowed(value))
    }

    /// A field of a `shared` value.
    pub fn shared<T: ?Sized>(value: &'a T) -> Self
    where
        &'a T: Teardown + Send,
    {
        Step(Operations::Owned(Box::new(value)))
    }

    /// A step that owns what it stops.
    pub fn owned(value: Box<dyn Teardown + Send + 'a>) -> Self {
        Step(Operations::Owned(value))
    }

    /// A step that was moved out of a value that is gone; none if it has ended already.
    pub(crate) fn orphan(value: Option<&'a mut (dyn Teardown + Send + 'static)>) -> Self {
        match value {
            Some(value) => Step(Operations::Borrowed(value)),
            None => Step(Operations::Ended),
        }
    }

    fn get(&mut self) -> Option<&mut (dyn Teardown + Send + 'a)> {
        match &mut self.0 {
            Operations::Borrowed(value) => Some(*value),
            Operations::Owned(value) => Some(&mut **value),
            Operations::Ended => None,
        }
    }
}

impl Teardown for Step<'_> {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(value) = self.get() {
            value.request(progress);
        }
    }

    fn wait<'b>(&'b mut self, progress: &'b mut Progress) -> Wait<'b> {
        match self.get() {
            Some(value) => value.wait(progress),
            None => Box::pin(std::future::ready(orphaned())),
        }
    }

    fn wait_in<'b>(&'b mut self, progress: &'b mut Progress, nest: &Nest) -> Wait<'b> {
        match self.get() {
            Some(value) => value.wait_in(progress, nest),
            None => Box::pin(std::future::ready(orphaned())),
        }
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(value) = self.get() {
            value.force(progress);
        }
    }

    fn watch<'b>(&'b mut self, progress: &'b mut Progress) -> Watch<'b> {
        match self.get() {
            Some(value) => value.watch(progress),
            None => Box::pin(std::future::ready(None)),
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
    progress: &mut Progress,
) -> Vec<Option<Box<dyn Teardown + Send>>> {
    spec.prepare(progress);
    let now = now(progress);
    let detached = steps.iter_mut().zip(&mut progress.children).map(|(step, progress)| {
        if progress.outcome.is_some() {
            return None;
        }
        let mut detached = None;
        guarded(progress, |_| detached = step.detach());
        if detached.is_none() {
            request_step(step, progress, now);
            force_step(step, progress, now);
            progress.finish(orphaned(), now);
        }
        detached
    });
    detached.collect()
}

/// What became of a step that could not be moved out of a value that was dropped.
pub(crate) fn orphaned() -> Outcome {
    Outcome::abandoned("forced when its owner was dropped, and not waited for")
}

/// Runs a whole plan under `timeout`, and notes in `progress` what became of it.
pub(crate) async fn run(
    spec: &'static Spec,
    mut steps: Vec<Step<'_>>,
    progress: &mut Progress,
    timeout: Duration,
    driver: &Arc<Driver>,
) {
    nest::root(|nest| run_in(spec, &mut steps, progress, timeout, driver, nest)).await;
}

/// As [`run`], of a value that may be within another. May be dropped and called again, with another timeout.
pub(crate) async fn run_in(
    spec: &'static Spec,
    steps: &mut [Step<'_>],
    progress: &mut Progress,
    timeout: Duration,
    driver: &Arc<Driver>,
    nest: Nest,
) {
    progress.driver = Some(Arc::clone(driver));
    progress.requested.get_or_insert_with(|| driver.now());
    progress.deadline = Some(driver.after(timeout));
    let outcome = catch(wait(spec, steps, progress, nest)).await.unwrap_or_else(Outcome::caught);
    progress.finish(outcome, driver.now());
}

/// Runs steps that do not depend on each other, each with the whole of `timeout`.
pub async fn run_together(steps: Vec<(Step<'_>, &mut Progress)>, timeout: Duration, driver: &Arc<Driver>) {
    let share = || if timeout.is_zero() { Share::at_once(timeout) } else { Share::of(timeout) };
    nest::root(async |nest: Nest| {
        let mut running: Together<_> = steps
            .into_iter()
            .map(async |(mut step, progress)| run_step(&mut step, progress, share(), driver, &nest).await)
            .collect();
        while running.next().await.is_some() {}
    })
    .await;
}

#[cfg(all(test, feature = "tokio", not(sundown_loom)))]
mod tests;
