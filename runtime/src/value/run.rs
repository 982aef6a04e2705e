//! The traits that an annotated type implements, and what the generated methods call.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::driver::{self, Driver, Name, catch};
use crate::observe::{self, Audience};
use crate::plan::{self, Spec, Step};
use crate::teardown::nest::{self, Nest};
use crate::teardown::{OnEnd, Outcome, Progress, Report, ShutdownError, Teardown, Wait, Watch};
use crate::value::detached::Detached;
use crate::value::entry::Entry;
use crate::value::{ShutdownGuard, on_drop};

/// A type whose `Teardown` was generated.
pub trait Annotated {
    /// What the macro said of the type.
    const SPEC: &'static Spec;
    /// What the end of a step means that nobody has requested, where the user has said it: by the step's index.
    const ON_END: &'static [(usize, OnEnd)] = &[];
    /// The steps, in the order of the spec.
    fn steps(&mut self) -> Vec<Step<'_>>;
    /// The guard's entry; none for `#[derive(Teardown)]`.
    fn entry(&self) -> Option<&Arc<Entry>>;
}

/// A `shared` type.
pub trait AnnotatedShared: Annotated {
    /// The steps through `&self`, in the order of the spec.
    fn steps_shared(&self) -> Vec<Step<'_>>;
}

/// The steps of one value, with what is said of them.
pub struct Plan<'a> {
    /// That of the entry; one that has more steps for a value that got them while it lived.
    pub spec: &'static Spec,
    /// In the order of the spec.
    pub steps: Vec<Step<'a>>,
}

impl<'a> Plan<'a> {
    fn of<V: Annotated>(value: &'a mut V) -> Self {
        Plan { spec: V::SPEC, steps: value.steps() }
    }

    fn shared<V: AnnotatedShared>(value: &'a V) -> Self {
        Plan { spec: V::SPEC, steps: value.steps_shared() }
    }
}

type Result = std::result::Result<Report, ShutdownError>;

/// The entry of a guard.
pub fn entry<T: ?Sized>(guard: &ShutdownGuard<T>) -> &Arc<Entry> {
    guard.entry()
}

/// `shutdown` and `shutdown_within`.
pub async fn shutdown<V: Annotated>(value: &mut V, timeout: Option<Duration>) -> Result {
    shutdown_because(value, timeout, called(timeout)).await
}

async fn shutdown_because<V: Annotated>(value: &mut V, timeout: Option<Duration>, why: &'static str) -> Result {
    let entry = owned_entry(value);
    shutdown_steps(&entry, Plan::of(value), timeout, why).await
}

/// `shutdown` and `shutdown_within` of a `shared` type.
pub async fn shutdown_shared<V: AnnotatedShared>(value: &V, timeout: Option<Duration>) -> Result {
    shutdown_shared_because(value, timeout, called(timeout)).await
}

async fn shutdown_shared_because<V: AnnotatedShared>(
    value: &V,
    timeout: Option<Duration>,
    why: &'static str,
) -> Result {
    let entry = owned_entry(value);
    shutdown_steps(&entry, Plan::shared(value), timeout, why).await
}

/// Why a shutdown begins: its method.
fn called(timeout: Option<Duration>) -> &'static str {
    if timeout.is_some() { "`shutdown_within`" } else { "`shutdown`" }
}

/// Why that of `with_shutdown` begins.
fn ended<T>(output: &std::thread::Result<T>) -> &'static str {
    if output.is_ok() { "`with_shutdown`: its closure has ended" } else { "`with_shutdown`: its closure has panicked" }
}

/// `shutdown_blocking`.
pub fn shutdown_blocking<V: Annotated>(value: &mut V) -> Result {
    let entry = owned_entry(value);
    shutdown_steps_blocking(&entry, Plan::of(value))
}

/// `shutdown_blocking` of a `shared` type.
pub fn shutdown_shared_blocking<V: AnnotatedShared>(value: &V) -> Result {
    let entry = owned_entry(value);
    shutdown_steps_blocking(&entry, Plan::shared(value))
}

/// `with_shutdown`: a panic of `f` goes on after the shutdown.
pub async fn with_shutdown<V, F, T>(mut value: V, f: F) -> (T, Result)
where
    V: Annotated,
    F: AsyncFnOnce(&mut V) -> T,
{
    let output = catch(f(&mut value)).await;
    let result = shutdown_because(&mut value, None, ended(&output)).await;
    match output {
        Ok(output) => (output, result),
        Err(payload) => resume_unwind(payload),
    }
}

/// `with_shutdown` of a `shared` type.
pub async fn with_shutdown_shared<V, F, T>(value: Arc<V>, f: F) -> (T, Result)
where
    V: AnnotatedShared,
    F: AsyncFnOnce(&Arc<V>) -> T,
{
    let output = catch(f(&value)).await;
    let result = shutdown_shared_because(&*value, None, ended(&output)).await;
    match output {
        Ok(output) => (output, result),
        Err(payload) => resume_unwind(payload),
    }
}

/// The rest of `request_shutdown`, after the steps that can be asked through `&`.
pub fn request_shutdown<V: Annotated>(value: &V) {
    if let Some(entry) = value.entry() {
        entry.request_stop();
    }
}

/// The generated `Drop`.
pub fn dropped<V: Annotated>(value: &mut V) {
    let entry = owned_entry(value);
    if entry.is_open() {
        on_drop::generated(&entry, value.steps());
    }
}

/// `Teardown::request` of a value inside another.
pub fn nested_request<V: Annotated>(value: &mut V, progress: &mut Progress) {
    match value.entry().cloned() {
        Some(entry) => guarded_request(&entry, Plan::of(value), progress),
        None => plan::request(V::SPEC, &mut value.steps(), progress),
    }
}

/// `Teardown::wait` of a value inside another: bounded by its own timeout too, if it has one.
pub fn nested_wait<'a, V: Annotated>(value: &'a mut V, progress: &'a mut Progress) -> Wait<'a> {
    match value.entry().cloned() {
        Some(entry) => guarded_wait(entry, Plan::of(value), progress),
        None => Box::pin(nest::root(|nest| plan::wait_nested(V::SPEC, value.steps(), progress, nest))),
    }
}

/// `Teardown::wait_in` of a value inside another.
pub fn nested_wait_in<'a, V: Annotated>(value: &'a mut V, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
    match value.entry().cloned() {
        Some(entry) => guarded_wait_in(entry, Plan::of(value), progress, nest),
        None => nest.enter(|nest| Box::pin(plan::wait_nested(V::SPEC, value.steps(), progress, nest))),
    }
}

/// `Teardown::force` of a value inside another.
pub fn nested_force<V: Annotated>(value: &mut V, progress: &mut Progress) {
    match value.entry().cloned() {
        Some(entry) => guarded_force(&entry, Plan::of(value), progress),
        None => plan::force(V::SPEC, &mut value.steps(), progress),
    }
}

/// `Teardown::watch` of a value, also of the outermost one.
pub fn nested_watch<'a, V: Annotated>(value: &'a mut V, progress: &'a mut Progress) -> Watch<'a> {
    let Some(entry) = value.entry().cloned() else {
        return Box::pin(plan::watch(V::SPEC, V::ON_END, value.steps(), progress));
    };
    let steps = value.steps();
    Box::pin(async move {
        // The value is borrowed, so nobody else runs its plan.
        let mut own = entry.progress.try_take().filter(|_| entry.is_open())?;
        own.context = entry.context.clone();
        own.rename(&progress.name);
        plan::watch(V::SPEC, V::ON_END, steps, &mut own).await
    })
}

/// `Teardown::watch` of a `shared` value through `&`. Any of its owners may shut it down meanwhile, so its progress is left
/// where it is: the steps are handles, of which a look takes nothing. What has ended by then is noted beside it.
pub fn nested_shared_watch<'a, V: AnnotatedShared>(value: &'a V, progress: &'a mut Progress) -> Watch<'a> {
    let (entry, steps) = (owned_entry(value), value.steps_shared());
    Box::pin(async move {
        // Another of its owners may watch it. Then it is this one's turn when that one has an end, or gives up.
        let mut watched = match select(pin!(entry.watched.take()), pin!(entry.over.wait())).await {
            Either::Left((watched, _)) => watched.filter(|_| entry.is_open())?,
            Either::Right(_) => return None,
        };
        watched.context = entry.context.clone();
        watched.rename(&progress.name);
        let ended = plan::watch(V::SPEC, V::ON_END, steps, &mut watched).await;
        entry.note_early(&watched);
        ended
    })
}

/// `Teardown::detach` of a value inside another, which answers for it from now on.
pub fn nested_detach<V: Annotated>(value: &mut V) -> Option<Box<dyn Teardown + Send>> {
    let entry = value.entry().cloned();
    let mut progress = match &entry {
        Some(entry) if !entry.is_open() => return None,
        Some(entry) => entry.progress.try_take()?.keep(),
        None => Progress::new(V::SPEC.name),
    };
    let resources = plan::detach(V::SPEC, &mut value.steps(), &mut progress);
    if let Some(entry) = entry {
        entry.dismiss();
    }
    Some(Box::new(Detached::new(V::SPEC, resources, progress)))
}

/// `Teardown::request` of a `shared` value through `&`.
pub fn nested_shared_request<V: AnnotatedShared>(value: &V, progress: &mut Progress) {
    guarded_request(&owned_entry(value), Plan::shared(value), progress);
}

/// `Teardown::wait` of a `shared` value through `&`: one teardown for all its owners.
pub fn nested_shared_wait<'a, V: AnnotatedShared>(value: &'a V, progress: &'a mut Progress) -> Wait<'a> {
    guarded_wait(owned_entry(value), Plan::shared(value), progress)
}

/// `Teardown::wait_in` of a `shared` value through `&`.
pub fn nested_shared_wait_in<'a, V: AnnotatedShared>(
    value: &'a V,
    progress: &'a mut Progress,
    nest: &Nest,
) -> Wait<'a> {
    guarded_wait_in(owned_entry(value), Plan::shared(value), progress, nest)
}

/// `Teardown::force` of a `shared` value through `&`.
pub fn nested_shared_force<V: AnnotatedShared>(value: &V, progress: &mut Progress) {
    guarded_force(&owned_entry(value), Plan::shared(value), progress);
}

// A guarded value inside another keeps its own progress, in its guard: anyone who shuts it down, its owner or somebody else,
// before or after, goes on where the last one stopped. Its owner's progress gets the report.

/// `Teardown::request` of a guarded value.
pub fn guarded_request(entry: &Entry, plan: Plan<'_>, progress: &Progress) {
    let Plan { spec, mut steps } = plan;
    entry.reached_by(progress.driver.as_ref());
    // The one who has the progress runs the teardown, and has requested.
    if entry.begin()
        && let Some(mut own) = entry.progress.try_take()
    {
        own.requested.get_or_insert(plan::now(progress));
        own.driver.clone_from(&progress.driver);
        own.rename(&progress.name);
        plan::request(spec, &mut steps, &mut own);
    }
}

/// `Teardown::wait` of a guarded value.
pub fn guarded_wait<'a>(entry: Arc<Entry>, plan: Plan<'a>, progress: &'a mut Progress) -> Wait<'a> {
    Box::pin(async move {
        if let Some(driver) = progress.driver.clone() {
            return nest::root(|nest| guarded_teardown(entry, plan, progress, &driver, nest)).await;
        }
        // No driver runs this: its alarms are served here.
        let driver = Driver::asynchronous();
        driver::run(&driver, nest::root(|nest| guarded_teardown(entry, plan, progress, &driver, nest))).await
    })
}

fn guarded_wait_in<'a>(entry: Arc<Entry>, plan: Plan<'a>, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
    let Some(driver) = progress.driver.clone() else { return guarded_wait(entry, plan, progress) };
    nest.enter(|nest| Box::pin(async move { guarded_teardown(entry, plan, progress, &driver, nest).await }))
}

async fn guarded_teardown(
    entry: Arc<Entry>,
    plan: Plan<'_>,
    progress: &mut Progress,
    driver: &Arc<Driver>,
    nest: Nest,
) -> Outcome {
    entry.reached_by(Some(driver));
    let left = progress.deadline.map(|deadline| deadline.saturating_duration_since(driver.now()));
    // A timeout that nobody wrote is for an outermost value.
    let timeout = [left, entry.spec.nested_timeout()].into_iter().flatten().min().unwrap_or(entry.spec.timeout);
    // Its resources are of the runtime that it was made in, wherever its owner was made.
    let name = progress.name.clone();
    let result = entry.context.enter(teardown_in(&entry, &name, plan, Some(timeout), None, driver, nest)).await;
    result.unwrap_or_else(ShutdownError::into_report).into_step(progress)
}

/// How long a caller waits, after its own time is up, for another who runs the shutdown and whom it has hurried: that one
/// has [`SETTLE_MAX`](plan::SETTLE_MAX) to confirm what it forces.
const LATE: Duration = plan::SETTLE_MAX.saturating_mul(2);

/// A text about what is stuck names no more steps when it is so long.
const LONG: usize = 500;
const MORE: &str = ", …";

/// The owner answers for it from now on: what is left of it when it is dropped is no leak of its own.
pub fn guarded_force(entry: &Arc<Entry>, plan: Plan<'_>, progress: &mut Progress) {
    let Plan { spec, mut steps } = plan;
    entry.reached_by(progress.driver.as_ref());
    match entry.progress.try_take() {
        Some(mut own) => {
            own.forced.get_or_insert(plan::now(progress));
            own.driver.clone_from(&progress.driver);
            own.rename(&progress.name);
            plan::force(spec, &mut steps, &mut own);
        }
        None => progress.abandon("another owner is shutting it down"),
    }
    entry.dismiss();
    let entry = Arc::clone(entry);
    progress.if_stuck_within(move |levels| {
        let own = entry.progress.try_take()?;
        let mut left = String::new();
        for step in own.children.iter().filter(|step| step.outcome.is_none()) {
            // Each level below says it too: in a deep tree all of it would be long.
            if left.len() > LONG {
                if !left.ends_with(MORE) {
                    left.push_str(MORE);
                }
                break;
            }
            let comma = if left.is_empty() { "" } else { ", " };
            left = left + comma + &step.said(step.stuck_within(levels - 1));
        }
        (!left.is_empty()).then_some(left)
    });
}

pub(crate) fn owned_entry<V: Annotated>(value: &V) -> Arc<Entry> {
    Arc::clone(value.entry().expect("only `#[must_shutdown]` generates methods and `Drop`, and its types have a guard"))
}

/// As [`shutdown`], for a root, which says by what driver.
pub(crate) async fn shutdown_by<V: Annotated>(value: &mut V, timeout: Duration, driver: Arc<Driver>) -> Result {
    let entry = owned_entry(value);
    shutdown_steps_by(&entry, Plan::of(value), Some(timeout), Begun::BY_ROOT, driver).await
}

/// The same, of a `shared` type.
pub(crate) async fn shutdown_shared_by<V: AnnotatedShared>(
    value: &V,
    timeout: Duration,
    driver: Arc<Driver>,
) -> Result {
    let entry = owned_entry(value);
    shutdown_steps_by(&entry, Plan::shared(value), Some(timeout), Begun::BY_ROOT, driver).await
}

/// `shutdown` of these steps, and why it begins.
pub(crate) async fn shutdown_steps(
    entry: &Arc<Entry>,
    plan: Plan<'_>,
    timeout: Option<Duration>,
    why: &'static str,
) -> Result {
    shutdown_steps_by(entry, plan, timeout, Begun::because(why), Driver::asynchronous()).await
}

async fn shutdown_steps_by(
    entry: &Arc<Entry>,
    plan: Plan<'_>,
    timeout: Option<Duration>,
    begun: Begun,
    driver: Arc<Driver>,
) -> Result {
    let teardown = teardown_because(entry, plan, timeout, begun, &driver);
    driver::run(&driver, entry.context.enter(observe::in_span(entry.spec.name, teardown))).await
}

fn shutdown_steps_blocking(entry: &Arc<Entry>, plan: Plan<'_>) -> Result {
    let driver = Driver::blocking();
    let ended = !entry.is_open();
    let teardown = teardown_because(entry, plan, None, Begun::because("`shutdown_blocking`"), &driver);
    let result = driver::block_on(&driver, entry.context.enter(observe::in_span(entry.spec.name, teardown)));
    if !ended && let Err(error) = &result {
        observe::stalled(error.report(), "`shutdown_blocking`", &driver);
    }
    result
}

/// One caller at a time has the progress and runs the plan; the others wait for it and find the result. A caller that is
/// dropped half-way puts the progress back, and the next goes on where it stopped.
pub async fn teardown(entry: &Arc<Entry>, plan: Plan<'_>, timeout: Option<Duration>, driver: &Arc<Driver>) -> Result {
    teardown_because(entry, plan, timeout, Begun::because("`shutdown`"), driver).await
}

async fn teardown_because(
    entry: &Arc<Entry>,
    plan: Plan<'_>,
    timeout: Option<Duration>,
    begun: Begun,
    driver: &Arc<Driver>,
) -> Result {
    let name = entry.spec.name.into();
    let teardown = nest::root(|nest| teardown_in(entry, &name, plan, timeout, Some(begun), driver, nest));
    observe::with_lines(entry.spec.name, begun.audience, driver, teardown).await
}

/// How the shutdown of an outermost value began.
#[derive(Clone, Copy)]
struct Begun {
    /// None if that was said already.
    why: Option<&'static str>,
    audience: Audience,
}

impl Begun {
    const BY_ROOT: Begun = Begun { why: None, audience: Audience::Root };

    fn because(why: &'static str) -> Self {
        Begun { why: Some(why), audience: Audience::Events }
    }
}

/// `name` is what this caller calls the value: inside another, its path there, and then it has not `begun` here. A caller
/// with a timeout that begins lowers the limit of another that runs the shutdown.
async fn teardown_in(
    entry: &Arc<Entry>,
    name: &Name,
    plan: Plan<'_>,
    timeout: Option<Duration>,
    begun: Option<Begun>,
    driver: &Arc<Driver>,
    nest: Nest,
) -> Result {
    let Plan { spec, mut steps } = plan;
    let hurries = begun.is_some() && timeout.is_some();
    let timeout = timeout.unwrap_or(spec.timeout);
    let started = driver.now();
    let mut limit = driver.after(timeout);
    let asked = hurries.then(|| entry.limits.ask(limit));
    let patience = if hurries { LATE } else { Duration::ZERO };
    let Some(taken) = driver.until(limit + patience, entry.progress.take()).await else {
        // The teardown goes on; only this caller's time is up.
        let late = Outcome::abandoned("another caller is still shutting it down");
        return Report::new(name.to_string()).step(name.to_string(), late, timeout).into_result();
    };
    if let Some(result) = entry.result() {
        return moved(result, name);
    }
    let Some(mut progress) = taken else {
        // The value was dropped and its steps went to the reaper. Only a `shared` value could get here, and then it has no
        // callers.
        return Report::new(name.to_string()).into_result();
    };
    if let Some(Begun { why: Some(why), audience }) = begun.filter(|_| !progress.is_requested()) {
        observe::shutting_down(Some(name), why, timeout, audience);
    }
    entry.begin();
    progress.context = entry.context.clone();
    progress.rename(name);
    spec.prepare(&mut progress);
    entry.ended_early(&mut progress);
    drop(asked);
    let mut lowered = false;
    loop {
        if begun.is_some() {
            driver.set_limit(limit);
        }
        let left = limit.saturating_duration_since(driver.now());
        let mut plan = Box::pin(plan::run_in(spec, &mut steps, &mut progress, left, driver, nest.clone()));
        match select(plan.as_mut(), entry.limits.before(limit)).await {
            Either::Left(_) => break,
            Either::Right((earlier, _)) => (limit, lowered) = (earlier, true),
        }
        // The plan is dropped half-way, and goes on within what is left now.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(plan))) {
            observe::complain(&format!("a wait of `{name}` was dropped: {}", Outcome::caught(payload)));
        }
    }
    let mut report = Report::of(&progress, Some(entry.location), Some(timeout), driver.now());
    if lowered {
        report = report.lowered_to(limit.saturating_duration_since(started));
    }
    // What is made for a look at it goes with the clone.
    match begun {
        Some(Begun { audience: Audience::Root, .. }) => observe::finished_within(&report.clone()),
        None if name.is_path() => observe::finished_within(&report.clone()),
        _ => observe::finished(&report.clone()),
    }
    moved(entry.finish(report.into_result()), name)
}

/// A result by the name that its caller has for the value.
fn moved(result: Result, name: &Name) -> Result {
    match result {
        Ok(report) => Ok(report.moved(name)),
        Err(error) => Err(error.moved(name)),
    }
}
