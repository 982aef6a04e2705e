//! The exit of the interpreter, in two stages, with one budget.
//!
//! | stage | when | what |
//! |---|---|---|
//! | one | if a runtime has opted in: the main thread has ended, other non-daemon threads may still work (`threading._register_atexit`) | it cancels its work; nothing is refused |
//! | two | `atexit` | nothing new starts; everything that lives is torn down, in two [waves]; the [gate](super::gate) closes |
//!
//! A signal whose handler raises ends the waits of stage two: what is left is forced at once ([hurry]).
//!
//! CPython calls `atexit` handlers in reverse: what a user registered after this module was imported runs before stage two
//! and may use the module; what was registered before is refused with a `ShutdownError`.

mod audit;
mod budget;
mod hurry;
mod interrupt;
mod late;
mod leaving;
mod multiprocessing;
mod registration;
mod second;
mod stages;
mod switch;
mod uncaught;
mod waves;

use std::any::Any;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pyo3::prelude::*;
use sundown::Teardown;

use crate::internal::driver::FOREVER;
use crate::internal::host::fork::PerProcess;
use crate::internal::host::user_threads::Budget;
use crate::internal::value::nodes;
use crate::interpreter::hooks::{Hook, Hooks};
pub(crate) use audit::take as take_audit;
pub(crate) use registration::{make_types, on_loss};
use second::First;
pub(crate) use stages::{Installation, install, register, register_in_time, register_stage_one};

/// Sets what the module's teardown at exit may take, 5 s by default. The environment variable `SUNDOWN_EXIT_TIMEOUT` (in
/// seconds, `0.5` say) comes before it.
///
/// The extension modules of a process that use this crate share one budget: what one has used the next has no more, and
/// each gets at most what is left divided by the modules that are still to come.
pub fn set_exit_timeout(timeout: Duration) {
    let nanos = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
    STATE.get().timeout_nanos.store(nanos, Ordering::Relaxed);
}

/// Something that stage two tears down.
pub(crate) trait Live: Send + Sync {
    /// Its name in the report.
    fn name(&self) -> String;

    /// Where it was made.
    fn created(&self) -> &'static Location<'static>;

    /// A handle that stops it; none if there is nothing left to stop.
    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>>;

    /// Stage one: cancels its work, if it opted in. Must not block.
    fn cancel_at_main_end(&self) {}

    /// What tells it from all others, while it lives.
    fn id(&self) -> usize {
        std::ptr::from_ref(self).cast::<()>() as usize
    }

    /// The ids of those that it tears down itself, in an order of its own.
    fn owned(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Those that are fields of it, whether it is closed or not, with their names: `Client.runtime`.
    fn fields(&self) -> Vec<(&'static str, usize)> {
        Vec::new()
    }

    /// The asyncio loop that it is.
    fn event_loop(&self) -> Option<&Py<PyAny>> {
        None
    }

    /// Whether others run their tasks on it: it is stopped after them.
    fn is_runtime(&self) -> bool {
        false
    }

    /// A thread of Python's that it runs on and that may have to be interrupted: its ident, and by when it should have
    /// ended. Those of Rust's are in [`user_threads`](crate::internal::host::user_threads).
    fn python_thread(&self) -> Option<(u64, Option<Budget>)> {
        None
    }
}

/// What a node says at [`at_exit`](crate::internal::value::nodes::Node::at_exit), so that stage two tears it down.
///
/// Anyone who makes one asks [`closing::has_begun`](super::closing::has_begun) *afterwards*: either stage two has seen
/// it in the table of nodes, or the maker sees that it came too late.
pub(crate) fn stopped_at_exit<L: Live + 'static>(live: Arc<L>) -> Box<dyn Any> {
    Box::new(live as Arc<dyn Live>)
}

/// What lives now.
fn lives() -> impl Iterator<Item = Arc<dyn Live>> {
    nodes::at_exit().filter_map(|live| Some(*live.downcast::<Arc<dyn Live>>().ok()?))
}

/// Has `hook` called, attached, once the gate is closed: on the thread that runs stage two, or that imports the module too
/// late.
pub(crate) fn on_gate_closed(hook: Hook) {
    GATE_CLOSED.add(hook);
}

/// Names the report of the exit after the extension's module: the first that is installed.
pub(crate) fn name_after(module: &str) {
    let _ = NAME.set(module.to_owned());
}

static GATE_CLOSED: Hooks = Hooks::new();
static NAME: OnceLock<String> = OnceLock::new();
static STATE: PerProcess<State> = PerProcess::inheriting(State::new);

/// The default of [`set_exit_timeout`].
const TIMEOUT: Duration = Duration::from_secs(5);

struct State {
    timeout_nanos: AtomicU64,
    /// Not only registered, by the import.
    is_installed: AtomicBool,
    first: First,
}

impl State {
    fn new(parents: Option<&'static State>) -> Self {
        let load = |of: fn(&State) -> &AtomicU64| parents.map(|state| of(state).load(Ordering::Relaxed));
        State {
            timeout_nanos: AtomicU64::new(
                load(|state| &state.timeout_nanos).unwrap_or(u64::try_from(TIMEOUT.as_nanos()).unwrap_or(u64::MAX)),
            ),
            is_installed: AtomicBool::new(parents.is_some_and(|state| state.is_installed.load(Ordering::Acquire))),
            first: First::new(),
        }
    }

    fn timeout(&self) -> Duration {
        let set = Duration::from_nanos(self.timeout_nanos.load(Ordering::Relaxed));
        let Ok(text) = std::env::var("SUNDOWN_EXIT_TIMEOUT") else { return set };
        if text.trim().is_empty() {
            return set; // as a shell unsets it for one command
        }
        match text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
            // There is room for what is added to it.
            Some(timeout) => timeout.min(FOREVER),
            None => {
                crate::internal::observe::complain(&format!(
                    "SUNDOWN_EXIT_TIMEOUT is `{text}`: it must be a number of seconds"
                ));
                set
            }
        }
    }
}
