//! The names of `pyo3-async-runtimes` 0.30, on the bridge of `sundown-python`: existing code compiles unchanged.
//!
//! ```toml
//! [dependencies]
//! pyo3-async-runtimes = { package = "sundown-pyo3-async-runtimes", version = "0.1", features = ["tokio-runtime"] }
//! ```
//!
//! The functions are those of [`sundown_python`], which new code calls directly. Not supported are the deprecated
//! `local_*` functions, [`generic`] and async-std; using one is a compile error that says what to do. `docs/MIGRATION.md`
//! of sundown lists what differs, and why.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "async-std-runtime")]
pub mod async_std;
pub mod err;
pub mod generic;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tokio-runtime")]
pub mod tokio;
mod unsupported;

use pyo3::prelude::*;

/// See [`sundown_python::into_future_with_locals`]. As in the original the awaitable begins at the call.
pub use sundown_python::__rt::python::into_future_with_locals;
pub use sundown_python::{TaskLocals, get_running_loop};

/// Not in the original: prepares an extension module for the exit, and adds sundown's exceptions to it.
pub use sundown_python::{install, install_as};

/// What `#[tokio::test]` lists the tests with.
#[cfg(all(feature = "attributes", feature = "testing"))]
pub use inventory;

/// What the expansion of `#[tokio::main]` calls. No semver.
#[doc(hidden)]
pub mod __rt {
    pub use sundown_python::__rt::python;
}

/// The module that the original has too, with `RustPanic` in it.
#[pymodule(gil_used = true)]
fn pyo3_async_runtimes(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("RustPanic", module.py().get_type::<err::RustPanic>())
}
