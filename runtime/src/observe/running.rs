//! What is said of a shutdown while it runs: why it began, and, if it takes long, what it waits for.
//!
//! | after | what |
//! |---|---|
//! | 0 s | "shutting down", with the reason and the budget |
//! | 1, 2, 5, 10, 20, 30 … s | "still shutting down", with what is waited for, and how much time is left |
//!
//! On a terminal a root has a tree in the place of the lines (`terminal.rs`), if the feature is on.
//!
//! After ten minutes a line comes each time a sixtieth of what has passed is added: a budget of years has no end of lines.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::{nobody_listens, print};
use crate::driver::{Driver, FOREVER};
use crate::teardown::report::Millis;

#[cfg(feature = "tracing")]
use super::{TARGET, quietly, rounded};

/// Who learns of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Those who listen to events.
    Events,
    /// The user of a root: where nobody listens to events, it is printed on standard error. The root says itself why it
    /// stops, and what became of it.
    Root,
}

impl Audience {
    fn is_there(self) -> bool {
        self == Audience::Root || !nobody_listens()
    }
}

/// A shutdown begins: of `value`, or of all that a root runs.
pub(crate) fn shutting_down(value: Option<&str>, reason: &str, budget: Duration, audience: Audience) {
    // One that nobody lives to see is none.
    let budget = Some(budget).filter(|budget| *budget < FOREVER);
    #[cfg(feature = "tracing")]
    quietly(|| tracing::info!(target: TARGET, value, reason, budget_ms = budget.map(rounded), "shutting down"));
    if audience == Audience::Root && nobody_listens() {
        let within = budget.map(|budget| format!(", within {}", Millis(budget))).unwrap_or_default();
        print(&format!("shutting down: {}{within}", reason.replace('\n', " ")));
    }
}

/// A second signal has come.
#[cfg(feature = "run")]
pub(crate) fn forcing(within: Duration) {
    #[cfg(feature = "tracing")]
    quietly(|| tracing::warn!(target: TARGET, within_ms = rounded(within), "forcing the shutdown"));
    if nobody_listens() {
        print(&format!("forcing the shutdown, within {}", Millis(within)));
    }
}

/// Runs the shutdown of `value`, whose alarms are `driver`'s, and says now and then what it waits for.
pub(crate) async fn with_lines<F: Future>(value: &str, audience: Audience, driver: &Driver, shutdown: F) -> F::Output {
    if !audience.is_there() {
        return shutdown.await;
    }
    let waits = driver.note_waits();
    #[cfg(feature = "progress")]
    let live = (audience == Audience::Root && nobody_listens()).then(|| super::terminal::Live::begin(value, waits));
    // What is drawn needs no lines.
    #[cfg(feature = "progress")]
    let audience = if live.as_ref().is_some_and(Option::is_some) { Audience::Events } else { audience };
    let begun = driver.now();
    let mut lines = pin!(async {
        let mut elapsed = Duration::ZERO;
        loop {
            driver.until(begun + next(elapsed), pending::<()>()).await;
            let now = driver.now();
            elapsed = now.saturating_duration_since(begun);
            if let Some(names) = waits.names() {
                let left = waits.limit().map(|limit| limit.saturating_duration_since(now));
                waiting(value, audience, elapsed, left.filter(|left| *left < FOREVER / 2), &names);
            }
        }
    });
    let mut shutdown = pin!(shutdown);
    poll_fn(|cx| {
        let poll = shutdown.as_mut().poll(cx);
        if poll.is_pending() {
            let _: Poll<()> = lines.as_mut().poll(cx);
        }
        poll
    })
    .await
}

/// When the next line is due.
fn next(elapsed: Duration) -> Duration {
    let seconds = elapsed.as_secs();
    Duration::from_secs(match seconds {
        0 => 1,
        1 => 2,
        2..5 => 5,
        5..600 => (seconds / 10 + 1) * 10,
        _ => seconds + seconds / 60,
    })
}

fn waiting(value: &str, audience: Audience, elapsed: Duration, left: Option<Duration>, names: &str) {
    #[cfg(feature = "tracing")]
    quietly(|| {
        let (after_ms, left_ms) = (rounded(elapsed), left.map(rounded));
        tracing::info!(target: TARGET, value, after_ms, left_ms, waiting_for = names, "still shutting down");
    });
    if audience == Audience::Root && nobody_listens() {
        let left = left.map(|left| format!(", {} left", Millis(left))).unwrap_or_default();
        print(&format!("still shutting down after {}{left}: waiting for {names}", Millis(elapsed)));
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use super::*;

    #[test]
    fn when_lines_are_due() {
        let mut elapsed = Duration::ZERO;
        let mut due = || {
            elapsed = next(elapsed);
            elapsed.as_secs()
        };
        let first: Vec<u64> = (0..8).map(|_| due()).collect();
        assert_eq!(first, [1, 2, 5, 10, 20, 30, 40, 50]);
        assert!((0..2_000).map(|_| due()).any(|at| at > FOREVER.as_secs()), "a few lines for a budget of years");
        assert_eq!(next(Duration::from_millis(12_300)), Duration::from_secs(20), "what has passed is left out");
    }
}
