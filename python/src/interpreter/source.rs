//! Python source files that are part of this crate.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Runs a source file and returns what it defines, in a namespace of its own and not in `sys.modules`: another extension
/// module may have the same file, for its own Rust.
///
/// # Errors
///
/// What the file raises.
pub(crate) fn execute<'py>(py: Python<'py>, name: &str, source: &str) -> PyResult<Bound<'py, PyDict>> {
    let builtins = py.import("builtins")?;
    let namespace = PyDict::new(py);
    namespace.set_item("__name__", format!("sundown.{name}"))?;
    namespace.set_item("__builtins__", &builtins)?;
    let code = builtins.call_method1("compile", (source, format!("sundown/{name}.py"), "exec"))?;
    builtins.call_method1("exec", (code, &namespace))?;
    Ok(namespace)
}
