//! What a thread is doing for [`block_on`](super::block_on), as far as a panic of it matters.
//!
//! ```text
//!            Entering::begin            Polling::begin
//!  Outside ------------------> Entering ----------------> Polling
//!     ^                            |                         |
//!     +------- drop of Entering ---+---- drop of Polling ----+
//! ```
//!
//! A `block_on` inside the poll of another one stays in `Polling`. Each has its own answer to whether it
//! [outlives](outlive_runtime) its runtime, which ends with its [`Call`].

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State { phase: Phase::Outside, outlives_runtime: false }) };
}

#[derive(Clone, Copy)]
struct State {
    phase: Phase,
    /// Whether the innermost `block_on` goes on when its runtime ends, because it is what shuts it down.
    outlives_runtime: bool,
}

/// What this thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing, or it waits between two polls.
    Outside,
    /// tokio looks whether this thread may block. Its refusal is a panic, which becomes an exception.
    Entering,
    /// It polls the user's future.
    Polling,
}

/// The phase of this thread; `Outside` where its thread-locals are gone.
pub(crate) fn phase() -> Phase {
    STATE.try_with(Cell::get).map_or(Phase::Outside, |state| state.phase)
}

fn set_phase(phase: Phase) {
    STATE.set(State { phase, ..STATE.get() });
}

/// This thread begins a poll, until this is dropped.
pub(super) struct Entering(PhantomData<*const ()>);

impl Entering {
    pub(super) fn begin() -> Self {
        debug_assert_eq!(phase(), Phase::Outside);
        set_phase(Phase::Entering);
        Entering(PhantomData)
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        set_phase(Phase::Outside);
    }
}

/// This thread polls the user's future, until this is dropped.
pub(super) struct Polling(PhantomData<*const ()>);

impl Polling {
    /// tokio lets this thread block.
    pub(super) fn begin(_entering: &Entering) -> Self {
        set_phase(Phase::Polling);
        Polling(PhantomData)
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        set_phase(Phase::Outside);
    }
}

/// A `block_on` of this thread, until this is dropped.
pub(super) struct Call {
    /// The answer of the `block_on` around it.
    outer_outlives: bool,
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

impl Call {
    pub(super) fn begin() -> Self {
        let state = STATE.get();
        STATE.set(State { outlives_runtime: false, ..state });
        Call { outer_outlives: state.outlives_runtime, thread: PhantomData }
    }

    /// Whether it goes on when its runtime ends.
    pub(super) fn outlives_runtime() -> bool {
        STATE.get().outlives_runtime
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        STATE.set(State { outlives_runtime: self.outer_outlives, ..STATE.get() });
    }
}

/// Called in a poll: the `block_on` around it, if there is one, shuts its own runtime down, and goes on when that ends.
pub(crate) fn outlive_runtime() {
    STATE.set(State { outlives_runtime: true, ..STATE.get() });
}
