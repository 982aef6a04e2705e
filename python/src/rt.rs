//! What the expansion calls. No semver: `sundown-macros` is pinned to the same version, nothing else may use it.

mod probe;
mod results;

/// What `#[pyclass_teardown]`, `#[main]` and the package that stands in for pyo3-async-runtimes call.
pub mod python {
    pub use super::probe::{Handles, NotHandle, not_forgotten};
    pub use crate::async_main::{Flavor, main};
    pub use crate::object::{
        AnnotatedBase, Base, Bases, Class, ForeignBase, HasNewValue, Methods, NewValue, PyReceiver, Refuse,
        RegisterLater, RegisterNew, ResourceHandle, aclose, aenter, aexit, close, closed, dropped_value, enter,
        exit_context, refusal, refusal_bound, refusal_object, resource_handle, resource_handle_with, running,
        running_object, shutdown_report,
    };
    pub use crate::shim::{
        handle, into_future, into_future_with_locals, into_stream_v1, into_stream_v2, into_stream_with_locals_v1,
        into_stream_with_locals_v2, refused,
    };
    pub use pyo3;
}

/// The Python that PyO3 was built for, as the build script has found it.
pub const BUILT_FOR: &str = env!("SUNDOWN_BUILT_FOR");

pub use results::{
    shutdown, shutdown_blocking, shutdown_shared, shutdown_shared_blocking, with_shutdown, with_shutdown_shared,
};
pub use sundown::__rt::*;
pub use sundown_macros::{__PyClassTeardown as PyClassTeardown, __PythonMustShutdown as MustShutdown};
