//! Daemon threads that meet a refusal.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::python::exceptions::ShutdownError;

/// Keeps daemon threads that end with a `ShutdownError` of this module from printing it: see `uncaught.py`.
///
/// # Errors
///
/// If `threading` is not as it should be. Then they print it.
pub(super) fn quieten(py: Python<'_>) -> PyResult<()> {
    let builtins = py.import("builtins")?;
    let namespace = PyDict::new(py);
    namespace.set_item("__name__", "sundown.uncaught")?;
    namespace.set_item("__builtins__", &builtins)?;
    let code = builtins.call_method1("compile", (include_str!("uncaught.py"), "sundown/uncaught.py", "exec"))?;
    builtins.call_method1("exec", (code, &namespace))?;
    namespace.as_any().get_item("quieten")?.call1((py.get_type::<ShutdownError>(),))?;
    Ok(())
}
