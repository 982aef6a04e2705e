//! What the expansion calls. No semver: `sundown-macros` is pinned to the same version, nothing else may use it.

mod moves;
mod probe;

/// What `#[sundown::python::main]` and the shim of pyo3-async-runtimes call.
#[cfg(feature = "python")]
pub mod python {
    pub use super::probe::not_forgotten_in_class as not_forgotten;
    pub use crate::python::main::{Flavor, main};
    pub use crate::python::object::{
        Annotated, Base, Bases, Class, HasNewValue, Methods, NewValue, NotAnnotated, PyReceiver, Refuse, RegisterLater,
        RegisterNew, ResourceHandle, aclose, aenter, aexit, close, closed, dropped_value, enter, exit_context, refusal,
        refusal_bound, refusal_object, resource_handle, resource_handle_with, running, running_object, shutdown_report,
    };
    pub use crate::python::shim::{handle, refused};
    pub use pyo3;
}

pub use core;
pub use std;

pub use crate::plan::{Spec, Step, StepSpec};
pub use crate::teardown::nest::Nest;
pub use crate::value::entry::Entry;
pub use crate::value::guard::{ByHand, Guarded};
pub use crate::value::run::{
    Annotated, AnnotatedShared, dropped, entry, nested_detach, nested_force, nested_request, nested_shared_force,
    nested_shared_request, nested_shared_wait, nested_shared_wait_in, nested_wait, nested_wait_in, request_shutdown,
    shutdown, shutdown_blocking, shutdown_shared, shutdown_shared_blocking, with_shutdown,
};
pub use moves::{
    Answer, AskByRef, AskOptionWith, AskRoots, AskWith, ByMut, ByRef, ByValue, Closing, Ended, Maybe, Moves, NoMoves,
    NotByRef, NotNested, OptionMove, OptionWait, Said, SaidDebug, SaidDisplay, Whole, WholeRef, answer, borrowing,
    call_mut, call_ref, closing, on_option, steps, taking, taking_mut, taking_ref, taking_whole, taking_whole_ref,
    wait_option,
};
pub use probe::{Kind, NotResource, Probe, not_forgotten};
pub use sundown_macros::{__MustShutdown as MustShutdown, __PyClassTeardown as PyClassTeardown};
