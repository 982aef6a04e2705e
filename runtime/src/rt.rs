//! What the expansion calls. No semver: `sundown-macros` is pinned to the same version, nothing else may use it.

mod operations;
mod outputs;
mod probe;
mod resource;

pub use core;
pub use std;

pub use crate::plan::{Spec, Step, StepSpec};
pub use crate::teardown::nest::Nest;
pub use crate::teardown::{OnEnd, Watch};
pub use crate::value::entry::Entry;
pub use crate::value::guard::{ByHand, Guarded};
pub use crate::value::run::{
    Annotated, AnnotatedShared, dropped, entry, nested_detach, nested_force, nested_request, nested_shared_force,
    nested_shared_request, nested_shared_wait, nested_shared_wait_in, nested_shared_watch, nested_wait, nested_wait_in,
    nested_watch, request_shutdown, shutdown, shutdown_blocking, shutdown_shared, shutdown_shared_blocking,
    with_shutdown, with_shutdown_shared,
};
pub use crate::value::start::{Set, Startable, Started, Starting, Unset, started, started_here, starting_with};
pub use operations::{
    Answer, Awaited, ByDebug, ByDisplay, ByMut, ByRef, ByValue, Closed, Closing, Consumes, Ended, ErrorOf, Maybe,
    NoOperations, NotByRef, NotNested, NothingToWaitFor, Operations, OptionOperations, OptionWait, PassValue,
    RequestByRef, RequestOptionWith, RequestRoots, RequestWith, UnknownWait, Waiting, Whole, WholeRef, answer,
    borrowing, call_mut, call_ref, closed, closing, on_option, passing, steps, taking, taking_mut, taking_ref,
    taking_whole, taking_whole_ref, wait_option,
};
pub use outputs::{HasOutput, NoOutput, OutputOf};
pub use probe::search::{found, queue, search};
pub use probe::{Finding, Text, not_forgotten};
pub use resource::{
    CountedResource, DynResource, LockedResource, Resource, SharedResource, counted_resource, dyn_resource,
    locked_resource, resource, shared_resource,
};
pub use sundown_macros::__MustShutdown as MustShutdown;
