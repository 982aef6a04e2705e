//! What the expansion calls. No semver: `sundown-macros` is pinned to the same version, nothing else may use it.

// mod moves;
// mod probe;
mod value;

pub use core;
pub use std;

pub use crate::plan::{Spec, Step, StepSpec};
// pub use moves::{Moves, NoMoves, asked, ended};
// pub use probe::{NotResource, Probe, Resource};
// pub use sundown_macros::__MustShutdown as MustShutdown;
pub use value::{
    Annotated, AnnotatedShared, Entry, Guarded, dropped, entry, nested_detach, nested_force, nested_request,
    nested_wait, request_shutdown, shutdown, shutdown_blocking, shutdown_shared, shutdown_shared_blocking,
    with_shutdown,
};
