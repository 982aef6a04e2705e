//! The line of the loops that are to stop: a few at a time.
//!
//! Each needs the GIL some dozens of times to end, and each thread that waits for the GIL takes it from the one that has it
//! every few milliseconds (`sys.getswitchinterval`). A thousand loops told at once do little else; told one after another
//! they end in the same order of time as one after another alone.
//!
//! A loop that is blocked keeps its place. So who [waits](wait) for a loop tells it out of turn once the line
//! has stood still for a moment.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::driver::Driver;
use crate::host::fork::PerProcess;
use crate::python::event_loop::core::{Runner, Told, tell};
use crate::python::event_loop::state::Desk;
use crate::sync::lock;

/// So many loops are on their way out at the same time.
const AT_A_TIME: usize = 4;

/// How long a line that stands still is trusted to go on.
const PATIENCE: Duration = Duration::from_millis(50);

static LINE: PerProcess<Mutex<Line>> = PerProcess::new(Mutex::default);

#[derive(Debug, Default)]
struct Line {
    stopping: usize,
    waiting: VecDeque<(Weak<Desk>, Weak<Runner>)>,
    /// How many have left it, ever.
    left: u64,
}

/// Where a loop is. Looked at and changed under the lock of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// It runs, or was told to stop without the line.
    #[default]
    Outside,
    Waiting,
    /// It was told, and has one of the few places until it is closed.
    Stopping,
}

/// Tells the loop to stop when it is its turn, now perhaps. Never blocks.
pub(super) fn join(desk: &Arc<Desk>, runner: &Arc<Runner>) {
    let now = {
        let mut line = lock(LINE.get());
        let mut place = lock(&desk.place);
        if *place != Place::Outside || desk.is_stopping() {
            return;
        }
        if line.stopping < AT_A_TIME {
            line.stopping += 1;
            *place = Place::Stopping;
            true
        } else {
            line.waiting.push_back((Arc::downgrade(desk), Arc::downgrade(runner)));
            *place = Place::Waiting;
            false
        }
    };
    if now {
        tell(desk, runner, Told::Stop);
    }
}

/// Tells a loop that waits for its turn to stop without it.
pub(super) fn jump(desk: &Arc<Desk>, runner: &Arc<Runner>) {
    {
        let _line = lock(LINE.get());
        let mut place = lock(&desk.place);
        if *place != Place::Waiting {
            return;
        }
        *place = Place::Outside;
    }
    tell(desk, runner, Told::Stop);
}

/// The loop is closed: the next one is told.
pub(super) fn leave(desk: &Desk) {
    let next = {
        let mut line = lock(LINE.get());
        let before = std::mem::take(&mut *lock(&desk.place));
        if before != Place::Stopping {
            return;
        }
        line.left += 1;
        let next = line.next();
        if next.is_none() {
            line.stopping -= 1;
        }
        next
    };
    if let Some((desk, runner)) = next {
        tell(&desk, &runner, Told::Stop);
    }
}

impl Line {
    /// The first that still waits gets the place that is free.
    fn next(&mut self) -> Option<(Arc<Desk>, Arc<Runner>)> {
        while let Some((desk, runner)) = self.waiting.pop_front() {
            let (Some(desk), Some(runner)) = (desk.upgrade(), runner.upgrade()) else { continue };
            let mut place = lock(&desk.place);
            if *place == Place::Waiting {
                *place = Place::Stopping;
                drop(place);
                return Some((desk, runner));
            }
        }
        None
    }
}

/// Ready when the loop was told to stop: in its turn, or because the line does not move.
pub(super) async fn wait(desk: &Arc<Desk>, runner: &Arc<Runner>, driver: &Driver) {
    let left = || lock(LINE.get()).left;
    let mut seen = left();
    while *lock(&desk.place) == Place::Waiting {
        if driver.until(driver.after(PATIENCE), desk.drained.wait()).await.is_some() {
            return;
        }
        let now = left();
        if now == seen {
            jump(desk, runner);
        }
        seen = now;
    }
}
