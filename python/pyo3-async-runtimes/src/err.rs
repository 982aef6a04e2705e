//! The exceptions.

/// What a panic of a Rust future becomes in Python, with its message and its place.
pub use sundown_python::exceptions::RuntimePanic as RustPanic;
