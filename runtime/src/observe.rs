//! Where tracing and metrics are fed: one function per thing that happens.
//!
//! The target of all events and spans is `sundown`. The report of a teardown is in one event, and only if something did not
//! stop by itself: that of a value inside another is in the owner's, and a root prints its own.
//!
//! The metrics are listed where users look: `macro_docs/must_shutdown.md`.
//!
//! All of it is called [`quietly`]: a subscriber or a recorder that panics may cost its own event, and no more. A plan
//! would end there, with steps that nobody has requested. A drop may be the destructor of a thread-local, where those
//! of the subscriber are perhaps gone already, as the buffer of `tracing_subscriber::fmt`: its panic would abort the
//! process.

#![cfg_attr(
    not(all(feature = "tracing", feature = "metrics")),
    allow(unused_variables, reason = "not everybody listens in this build")
)]

use std::panic::Location;

use crate::driver::{Driver, Stall};
use crate::sync::quietly;
use crate::teardown::{Outcome, Progress, Report};

mod running;
#[cfg(feature = "tracing")]
mod span;
#[cfg(feature = "progress")]
mod terminal;

pub(crate) use running::Audience;
#[cfg(feature = "run")]
pub(crate) use running::forcing;
pub(crate) use running::{shutting_down, with_lines};
#[cfg(feature = "tracing")]
pub use span::in_span;

/// Where all events and spans are from, for a filter: `RUST_LOG=sundown=debug`.
#[cfg(feature = "tracing")]
const TARGET: &str = "sundown";

/// Without tracing, the future alone.
#[cfg(not(feature = "tracing"))]
pub fn in_span<F: Future>(_value: &'static str, future: F) -> impl Future<Output = F::Output> {
    future
}

/// A guarded value exists.
pub(crate) fn created(value: &'static str) {
    #[cfg(feature = "metrics")]
    quietly(|| metrics::gauge!("sundown_live_values", "value" => value).increment(1));
}

/// A guarded value is gone.
pub(crate) fn gone(value: &'static str) {
    #[cfg(feature = "metrics")]
    quietly(|| metrics::gauge!("sundown_live_values", "value" => value).decrement(1));
}

/// A step has its outcome.
pub(crate) fn step_ended(progress: &Progress) {
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    {
        let Some(outcome) = &progress.outcome else { return };
        let took = progress
            .ended
            .zip(progress.requested)
            .map(|(ended, asked)| ended.saturating_duration_since(asked))
            .unwrap_or_default();
        #[cfg(feature = "tracing")]
        quietly(|| {
            let (step, word, took_ms) = (progress.name(), outcome.word(), rounded(took));
            let detail = progress.detail.as_deref();
            match outcome.explanation() {
                _ if outcome.is_stopped() => {
                    tracing::debug!(target: TARGET, step, outcome = word, took_ms, detail, "step ended")
                }
                why => tracing::warn!(target: TARGET, step, outcome = word, took_ms, detail, why, "step ended"),
            }
        });
        #[cfg(feature = "metrics")]
        quietly(|| {
            let step = series(&progress.name);
            metrics::counter!("sundown_steps_total", "step" => step.clone(), "outcome" => outcome.word()).increment(1);
            metrics::histogram!("sundown_step_duration_seconds", "step" => step).record(took.as_secs_f64());
        });
    }
}

/// The label of a path: the parts of a collection are one series, `Service.replicas[].jobs`.
#[cfg(feature = "metrics")]
fn series(path: &str) -> String {
    let mut label = String::with_capacity(path.len());
    let mut left = path;
    while let Some((before, part)) = left.split_once('[') {
        // A key may have brackets too.
        let end = part.match_indices(']').map(|(at, _)| &part[at + 1..]);
        let Some(after) = end.into_iter().find(|after| after.is_empty() || after.starts_with(['.', '['])) else {
            break;
        };
        label.push_str(before);
        label.push_str("[]");
        left = after;
    }
    label + left
}

/// A teardown has its report.
pub fn finished(report: &Report) {
    ended(report, true);
}

/// As [`finished`], of a teardown whose report is a part of another one, or is printed.
pub(crate) fn finished_within(report: &Report) {
    ended(report, false);
}

/// `in_full`: the report is in the event, if something did not stop by itself.
fn ended(report: &Report, in_full: bool) {
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    {
        let (outcome, took) = (report.outcome().word(), report.took());
        #[cfg(feature = "tracing")]
        quietly(|| {
            let (value, took_ms) = (report.name(), rounded(took));
            if report.is_clean() {
                tracing::info!(target: TARGET, value, outcome, took_ms, "shut down");
            } else if in_full {
                tracing::warn!(target: TARGET, value, outcome, took_ms, %report, "shut down");
            } else {
                tracing::warn!(target: TARGET, value, outcome, took_ms, "shut down");
            }
        });
        #[cfg(feature = "metrics")]
        quietly(|| {
            let value = series(report.name());
            metrics::counter!("sundown_shutdowns_total", "value" => value.clone(), "outcome" => outcome).increment(1);
            metrics::histogram!("sundown_shutdown_duration_seconds", "value" => value).record(took.as_secs_f64());
        });
    }
}

/// A teardown that blocks its thread is over. If something was not given the chance to stop, because it needs that very
/// thread, this says so: who reads the report would look for the fault in the resource.
pub(crate) fn stalled(report: &Report, caller: &'static str, driver: &Driver) {
    let Some(stall) = driver.stall() else { return };
    if !report.walk().any(|step| matches!(step.outcome(), Outcome::Forced | Outcome::Abandoned { .. })) {
        return;
    }
    let value = report.name();
    complain(&match stall {
        Stall::Runtime => format!(
            "`{value}`: {caller} was called in async code, on the only thread of its runtime; nothing else could run \
             there, and what had to was forced or given up\nhelp: `.await` its `shutdown`, or call this in \
             `tokio::task::spawn_blocking`"
        ),
        Stall::BlockOn => format!(
            "`{value}`: {caller} was called in async code under `block_on`; if its thread drives a `LocalSet`, that could \
             not go on, and what had to was forced or given up\nhelp: `.await` its `shutdown` there"
        ),
    });
}

/// What was reported as late has ended after all.
pub(crate) fn finished_late(report: &Report) {
    #[cfg(feature = "tracing")]
    quietly(|| {
        tracing::warn!(target: TARGET, value = report.name(), outcome = report.outcome().word(), %report, "ended after it was abandoned");
    });
    let _ = report;
}

/// A value was dropped without a shutdown. Where nobody listens to events it is printed, unless it `panics` anyway.
pub(crate) fn leaked(type_name: &'static str, created: &Location<'_>, message: &str, panics: bool) {
    #[cfg(feature = "tracing")]
    quietly(|| tracing::error!(target: TARGET, value = type_name, created = %created, "{message}"));
    if !panics && nobody_listens() {
        print(message);
    }
    #[cfg(feature = "metrics")]
    quietly(|| metrics::counter!("sundown_leaks_total", "type" => type_name).increment(1));
}

/// A start has failed, and what it had started is torn down. Its error is on its way, so that nothing is printed.
pub(crate) fn start_failed(type_name: &'static str, began: &Location<'_>) {
    #[cfg(feature = "tracing")]
    quietly(
        || tracing::warn!(target: TARGET, value = type_name, began = %began, "the start failed; what it had started is shut down"),
    );
}

/// A task has panicked; its `JoinHandle` may have been dropped long ago.
#[cfg(feature = "tokio")]
pub(crate) fn task_panicked(task: &str, spawned: &Location<'_>, message: &str) {
    #[cfg(feature = "tracing")]
    quietly(|| tracing::error!(target: TARGET, task, spawned = %spawned, message, "task panicked"));
    #[cfg(feature = "metrics")]
    quietly(|| metrics::counter!("sundown_task_panics_total", "task" => task.to_owned()).increment(1));
}

/// A task has returned an error; its `JoinHandle` may have been dropped long ago.
#[cfg(feature = "tokio")]
pub(crate) fn task_failed(task: &str, spawned: &Location<'_>, error: &str) {
    #[cfg(feature = "tracing")]
    quietly(|| tracing::warn!(target: TARGET, task, spawned = %spawned, error, "task failed"));
}

/// A task was dropped by its runtime before it had ended.
#[cfg(feature = "tokio")]
pub(crate) fn task_dropped(task: &str, spawned: &Location<'_>) {
    #[cfg(feature = "tracing")]
    quietly(|| tracing::warn!(target: TARGET, task, spawned = %spawned, "task dropped by its runtime before it ended"));
}

/// A listener has not accepted a connection, and tries again after a pause.
#[cfg(feature = "http")]
pub(crate) fn accept_failed(listener: &str, error: &std::io::Error, pause: std::time::Duration) {
    #[cfg(feature = "tracing")]
    quietly(|| {
        let pause_ms = rounded(pause);
        tracing::warn!(target: TARGET, listener, %error, pause_ms, "cannot accept a connection");
    });
}

/// A connection was not closed in good order: by its peer, as a rule.
#[cfg(feature = "http")]
pub(crate) fn connection_broken(peer: &str, error: &(dyn std::error::Error + 'static)) {
    #[cfg(feature = "tracing")]
    quietly(|| tracing::debug!(target: TARGET, peer, error, "a connection has broken"));
}

/// A member of a group has failed, and leaves it for good or is started again.
#[cfg(feature = "tokio")]
pub(crate) fn member_failed(group: &str, member: &str, outcome: &Outcome, for_good: bool) {
    #[cfg(feature = "tracing")]
    quietly(|| match for_good {
        true => {
            tracing::error!(target: TARGET, group, member, outcome = outcome.word(), why = outcome.explanation(), "member failed")
        }
        false => {
            tracing::warn!(target: TARGET, group, member, outcome = outcome.word(), why = outcome.explanation(), "member is restarted");
        }
    });
}

/// A message was accepted or refused.
#[cfg(feature = "tokio")]
pub(crate) fn message(thread: &str, outcome: &'static str) {
    #[cfg(feature = "metrics")]
    quietly(|| {
        metrics::counter!("sundown_messages_total", "thread" => thread.to_owned(), "outcome" => outcome).increment(1);
    });
}

/// A field has ended before anybody requested it to.
#[cfg(feature = "run")]
pub(crate) fn ended_early(ended: &crate::teardown::Ended) {
    #[cfg(feature = "tracing")]
    quietly(|| {
        let (step, outcome) = (ended.name(), ended.outcome());
        match outcome.explanation() {
            None => tracing::info!(target: TARGET, step, outcome = outcome.word(), "ended before it was requested to"),
            why => {
                tracing::error!(target: TARGET, step, outcome = outcome.word(), why, "ended before it was requested to")
            }
        }
    });
}

/// How a process ends, on standard error: the caller has not said where else, or there is no time to.
#[cfg(feature = "run")]
pub(crate) fn print_exit(text: &str) {
    use std::io::Write as _;
    #[cfg(feature = "progress")]
    terminal::clear();
    // One that is closed or full is no reason to panic.
    let _ = writeln!(std::io::stderr(), "sundown: {text}");
}

/// What is alive, on standard error: somebody has asked by `signal`.
#[cfg(all(unix, feature = "run"))]
pub(crate) fn print_snapshot(signal: &str, table: &impl std::fmt::Display) {
    print(&format!("{signal}: what is alive\n{table}"));
}

/// Something about sundown itself is not as it should be.
pub fn complain(what: &str) {
    #[cfg(feature = "tracing")]
    quietly(|| tracing::error!(target: TARGET, "{what}"));
    if nobody_listens() {
        print(what);
    }
}

/// Where nobody listens. A standard error that is closed or full panics, too.
fn print(text: &str) {
    let print = || quietly(|| eprintln!("sundown: {text}"));
    #[cfg(feature = "progress")]
    let print = || terminal::above(print);
    print();
}

/// Milliseconds with one decimal.
#[cfg(feature = "tracing")]
fn rounded(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e4).round() / 10.0
}

/// Whether an event would be lost.
fn nobody_listens() -> bool {
    #[cfg(feature = "tracing")]
    return !tracing::dispatcher::has_been_set();
    #[cfg(not(feature = "tracing"))]
    true
}
