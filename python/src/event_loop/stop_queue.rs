//! The queue of the loops that are to stop: a few at a time.
//!
//! Each needs the GIL some dozens of times to end, and each thread that waits for the GIL takes it from the one that has it
//! every few milliseconds (`sys.getswitchinterval`). A thousand loops that stop at once do little else; stopped one after
//! another they end in the same order of time as one after another alone.
//!
//! It is no `Semaphore`: who requests a stop does not wait for it, so the one that leaves has to stop the next. And a
//! loop that is blocked keeps its slot: a teardown that [waits](wait) for a loop stops it out of turn once the queue
//! has stood still for a moment.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::internal::driver::Driver;
use crate::internal::host::fork::PerProcess;
use crate::internal::sync::latch::Latch;
use crate::internal::sync::lock;

/// The number of slots, and so of the loops that stop at the same time.
const AT_A_TIME: usize = 4;

/// How long a teardown waits for a queue that stands still.
const PATIENCE: Duration = Duration::from_millis(50);

static QUEUE: PerProcess<Mutex<StopQueue>> = PerProcess::new(Mutex::default);

/// A loop, as the queue sees it.
pub(super) trait Stoppable: Debug + Send + Sync {
    /// Changed by the queue only.
    fn queue_state(&self) -> &Mutex<QueueState>;

    /// Whether the loop has begun to stop.
    fn is_stopping(&self) -> bool;

    /// Set, at the latest, when the loop is closed.
    fn drained(&self) -> &Latch;

    /// Sends the loop the command to stop. Never blocks; called without a lock.
    fn send_stop(&self);
}

#[derive(Debug, Default)]
struct StopQueue {
    /// How many slots are taken.
    stopping: usize,
    waiting: VecDeque<Weak<dyn Stoppable>>,
    /// How many loops have given a slot back so far.
    left: u64,
}

/// Where a loop is. Read and changed under the lock of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum QueueState {
    /// It runs, or it stops without a slot.
    #[default]
    Outside,
    /// It waits for a slot.
    Waiting,
    /// It has one of the few slots until it is closed.
    Stopping,
}

/// Stops the loop when a slot is free, which may be now. Never blocks.
pub(super) fn join<S: Stoppable + 'static>(event_loop: &Arc<S>) {
    let now = {
        let mut queue = lock(QUEUE.get());
        let mut state = lock(event_loop.queue_state());
        if *state != QueueState::Outside || event_loop.is_stopping() {
            return;
        }
        if queue.stopping < AT_A_TIME {
            queue.stopping += 1;
            *state = QueueState::Stopping;
            true
        } else {
            let waiting: Weak<S> = Arc::downgrade(event_loop);
            queue.waiting.push_back(waiting);
            *state = QueueState::Waiting;
            false
        }
    };
    if now {
        event_loop.send_stop();
    }
}

/// Stops a loop that waits for a slot without one.
pub(super) fn jump(event_loop: &dyn Stoppable) {
    {
        let _queue = lock(QUEUE.get());
        let mut state = lock(event_loop.queue_state());
        if *state != QueueState::Waiting {
            return;
        }
        *state = QueueState::Outside;
    }
    event_loop.send_stop();
}

/// The loop of this state is closed: the next one gets its slot.
pub(super) fn leave(state: &Mutex<QueueState>) {
    // A loop may end meanwhile. Its Python objects are then let go here, and not below the lock.
    let mut passed = Vec::new();
    let next = {
        let mut queue = lock(QUEUE.get());
        let before = std::mem::take(&mut *lock(state));
        if before != QueueState::Stopping {
            return;
        }
        queue.left += 1;
        let next = queue.next(&mut passed);
        if next.is_none() {
            queue.stopping -= 1;
        }
        next
    };
    if let Some(next) = next {
        next.send_stop();
    }
}

impl StopQueue {
    /// The first that still waits gets the slot that is free. Those before it do not wait any more: they go to `passed`.
    fn next(&mut self, passed: &mut Vec<Arc<dyn Stoppable>>) -> Option<Arc<dyn Stoppable>> {
        while let Some(waiting) = self.waiting.pop_front() {
            let Some(event_loop) = waiting.upgrade() else { continue };
            let mut state = lock(event_loop.queue_state());
            if *state == QueueState::Waiting {
                *state = QueueState::Stopping;
                drop(state);
                return Some(event_loop);
            }
            drop(state);
            passed.push(event_loop);
        }
        None
    }
}

/// Ready when the command to stop was sent: with a slot, or because the queue stands still.
pub(super) async fn wait(event_loop: &dyn Stoppable, driver: &Driver) {
    let left = || lock(QUEUE.get()).left;
    let mut seen = left();
    while *lock(event_loop.queue_state()) == QueueState::Waiting {
        if driver.until(driver.after(PATIENCE), event_loop.drained().wait()).await.is_some() {
            return;
        }
        let now = left();
        if now == seen {
            jump(event_loop);
        }
        seen = now;
    }
}
