//! How long the drops of a thread wait: those that come in one go share one [`WHOLE`].
//!
//! A list that is freed, or a collection of garbage, drops objects one after another, on one thread, and each is an event of
//! its own to Rust. An object is of the same go as what this thread has waited for before if it was made before that go
//! began, and if the last wait has ended less than a [`WHOLE`] ago. So objects that are made and dropped in a loop have a
//! wait each.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// The longest that the drops of one go wait.
const WHOLE: Duration = Duration::from_millis(500);

/// Drops in one go.
#[derive(Clone, Copy)]
struct Go {
    began: Instant,
    /// When the last wait has ended.
    ended: Instant,
    waited: Duration,
}

thread_local! {
    static LAST: Cell<Option<Go>> = const { Cell::new(None) };
}

/// Calls `wait` with what the drop of something made at `created` may wait, if that is anything.
pub(super) fn wait(created: Instant, wait: impl FnOnce(Duration)) {
    let began = Instant::now();
    let same = |go: &Go| created <= go.began && began.saturating_duration_since(go.ended) < WHOLE;
    // A thread whose locals are gone ends.
    let last = LAST.try_with(Cell::get).ok().flatten().filter(same);
    let go = last.unwrap_or(Go { began, ended: began, waited: Duration::ZERO });
    let left = WHOLE.saturating_sub(go.waited);
    if left.is_zero() {
        return;
    }
    wait(left);
    let ended = Instant::now();
    let _ = LAST.try_with(|last| last.set(Some(Go { ended, waited: go.waited + (ended - began), ..go })));
}
