//! The bridge between tokio and asyncio: the functions of [`sundown_python`] under the names of the original.

mod local;
mod runtime;

/// What the expansion of the original's `#[main]` names; some code does too.
#[cfg(feature = "attributes")]
pub mod re_exports {
    pub use std::future::pending;
    pub use tokio::runtime;
}

#[allow(deprecated)]
pub use local::{local_future_into_py, local_future_into_py_with_locals};
pub use runtime::{Runtime, get_runtime};
/// `async fn main` in an event loop of Python: see [`sundown_python::main`](macro@sundown_python::main).
#[cfg(feature = "attributes")]
pub use sundown_macros::__shim_main as main;
/// A test for the [harness](crate::testing): an `async fn`, or a function that may block and may take the event loop.
#[cfg(all(feature = "attributes", feature = "testing"))]
pub use sundown_macros::__shim_test as test;
/// See [`sundown_python::into_future`]. As in the original the awaitable begins at the call, not at the first poll.
pub use sundown_python::__rt::python::into_future;
#[cfg(feature = "unstable-streams")]
pub use sundown_python::__rt::python::{
    into_stream_v1, into_stream_v2, into_stream_with_locals_v1, into_stream_with_locals_v2,
};
pub use sundown_python::{
    future_into_py, future_into_py_with_locals, get_current_locals, get_current_loop, init, init_with_runtime, run,
    run_until_complete, scope, scope_local,
};
