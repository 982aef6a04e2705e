//! How a thread waits between two polls, and is woken.
//!
//! A parker is kept for the next call of its thread, so that a call makes no descriptors. A waker of an earlier call only
//! wakes once too often.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Wake;
use std::time::Instant;

use pyo3::prelude::*;

use crate::internal::host::fork::generation;
use crate::internal::sync::lock;
use crate::interpreter::signals::Pipe;

#[derive(Debug)]
pub(super) struct Parker {
    state: Mutex<State>,
    by: By,
    /// A forked child has its own: another thread may be the main one, and the pipe is shared with the parent.
    generation: u32,
}

#[derive(Debug, Default)]
struct State {
    woken: bool,
    /// Waking is a call of the OS, which is spared where no thread waits.
    waiting: bool,
}

#[derive(Debug)]
enum By {
    /// On a thread that runs no signal handlers.
    Condvar(Condvar),
    /// On the main thread.
    Pipe(Pipe),
}

thread_local! {
    static IDLE: Cell<Option<Arc<Parker>>> = const { Cell::new(None) };
}

impl Parker {
    /// The one of this thread, or a new one where that is in use further down the stack.
    pub(super) fn take(py: Python<'_>) -> PyResult<Arc<Self>> {
        match IDLE.try_with(Cell::take).ok().flatten() {
            Some(parker) if parker.generation == generation() => Ok(parker),
            _ => Ok(Arc::new(Parker::new(py)?)),
        }
    }

    /// For the next call of this thread.
    pub(super) fn put_back(this: Arc<Self>) {
        let other = IDLE.try_with(|idle| idle.replace(Some(this)));
        drop(other);
    }

    #[cold]
    fn new(py: Python<'_>) -> PyResult<Self> {
        Ok(Pipe::of_main_thread(py)?.map_or_else(Parker::without_signals, |pipe| Parker::by(By::Pipe(pipe))))
    }

    /// One that no signal wakes.
    pub(super) fn without_signals() -> Self {
        Parker::by(By::Condvar(Condvar::new()))
    }

    fn by(by: By) -> Self {
        Parker { state: Mutex::default(), by, generation: generation() }
    }

    /// What signals come into; none on a thread that runs no handlers.
    pub(super) fn pipe(&self) -> Option<&Pipe> {
        match &self.by {
            By::Condvar(_) => None,
            By::Pipe(pipe) => Some(pipe),
        }
    }

    /// Blocks until it is woken, a signal comes, or `until` has passed: the numbers of the signals that came.
    pub(super) fn park(&self, until: Option<Instant>) -> Vec<u8> {
        let left = || until.map(|until| until.saturating_duration_since(Instant::now()));
        let is_late = || left().is_some_and(|left| left.is_zero());
        match &self.by {
            By::Condvar(woken) => {
                let mut state = lock(&self.state);
                while !state.woken && !is_late() {
                    state.waiting = true;
                    state = match left() {
                        None => woken.wait(state).unwrap_or_else(PoisonError::into_inner),
                        Some(left) => woken.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                    };
                }
                *state = State::default();
                Vec::new()
            }
            By::Pipe(pipe) => loop {
                // Looked at in each round: a future that is always ready to be polled must not keep signals out.
                let came = pipe.take();
                {
                    let mut state = lock(&self.state);
                    if state.woken || !came.is_empty() || is_late() {
                        *state = State::default();
                        return came;
                    }
                    state.waiting = true;
                }
                pipe.wait(left());
            },
        }
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiting = {
            let mut state = lock(&self.state);
            state.woken = true;
            std::mem::take(&mut state.waiting)
        };
        if waiting {
            match &self.by {
                By::Condvar(woken) => woken.notify_one(),
                By::Pipe(pipe) => pipe.wake(),
            }
        }
    }
}
