//! Panics, with their message and place.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;

use crate::internal::teardown::outcome::panic_message;
use crate::interpreter::exceptions::RuntimePanic;
use crate::interpreter::polling::{self, Phase};

/// tokio's words.
const ENDED: &str = "A Tokio 1.x context was found, but it is being shutdown.";

/// A panic that was caught.
#[derive(Debug)]
pub(crate) struct Panic {
    message: String,
}

impl Panic {
    /// Of what was caught on this thread just now: the place is the one that the hook saw last.
    pub(crate) fn caught(payload: &(dyn Any + Send)) -> Self {
        let message = panic_message(payload);
        Panic {
            message: match PLACE.try_with(|place| place.take()).ok().flatten() {
                // One that was resumed has not gone through the hook: the place would be that of an earlier one.
                Some((place, said)) if said == message => format!("{message} ({place})"),
                _ => message,
            },
        }
    }

    /// Whether a timer was polled in a runtime that has ended.
    pub(crate) fn is_of_an_ended_runtime(&self) -> bool {
        self.message.starts_with(ENDED)
    }

    /// `RuntimePanic: index out of bounds (src/jobs.rs:12:9)`
    pub(crate) fn into_pyerr(self) -> PyErr {
        RuntimePanic::new_err(self.message)
    }
}

/// The exception itself. One that Rust made lazily is made now, of arguments of the user's, whose conversion may panic.
pub(crate) fn exception(py: Python<'_>, error: PyErr) -> Py<PyBaseException> {
    catch(|| error.into_value(py)).unwrap_or_else(|panic| panic.into_pyerr().into_value(py))
}

/// Calls `f`; a panic is caught.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| Panic::caught(&*payload))
}

/// Calls `f`; a panic becomes an exception.
pub(crate) fn catch_err<T>(f: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch(f).unwrap_or_else(|panic| Err(panic.into_pyerr()))
}

thread_local! {
    /// Where this thread panicked last, and what it said.
    static PLACE: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Chains a panic hook that remembers where a thread panicked, because the payload does not tell. The hook that was there
/// goes on printing.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|place| (place.to_string(), panic_message(info.payload())));
            let _ = PLACE.try_with(|last| last.replace(place));
            let becomes_an_exception = match polling::phase() {
                Phase::Outside => false,
                // tokio's refusal of this thread.
                Phase::Entering => true,
                // The runtime has ended since the last poll: `block_on` returns an error that says so.
                Phase::Polling => panic_message(info.payload()).starts_with(ENDED),
            };
            if !becomes_an_exception {
                before(info);
            }
        }));
    });
}
