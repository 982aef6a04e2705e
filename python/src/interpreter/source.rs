//! Python source files that are part of this crate.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::interpreter::modules;
use crate::interpreter::shield::Shield;

/// Runs a source file and returns what it defines, in a namespace of its own and not in `sys.modules`: another extension
/// module may have the same file, for its own Rust.
///
/// Its name is in angle brackets, as that of `<string>`: coverage.py and debuggers look for no such file. Tracebacks
/// have its lines all the same, from the cache of `linecache`.
///
/// # Errors
///
/// What the file raises.
pub(crate) fn execute<'py>(py: Python<'py>, name: &str, source: &str) -> PyResult<Bound<'py, PyDict>> {
    let builtins = py.import("builtins")?;
    let namespace = PyDict::new(py);
    namespace.set_item("__name__", format!("sundown.{name}"))?;
    namespace.set_item("__builtins__", &builtins)?;
    let file = format!("<sundown/{name}.py>");
    let code = builtins.call_method1("compile", (source, &file, "exec"))?;
    builtins.call_method1("exec", (code, &namespace))?;
    remember_lines(py, &file, source)?;
    Ok(namespace)
}

/// What `load` makes of a source file, once in a process.
///
/// Not inside the cell: Python runs meanwhile, the handler of a signal or a `__del__`, which may come here again and would
/// wait for itself. Of two the first counts.
///
/// # Errors
///
/// Those of `load`.
pub(crate) fn once<T>(
    py: Python<'_>,
    cell: &'static PyOnceLock<T>,
    load: impl FnOnce() -> PyResult<T>,
) -> PyResult<&'static T> {
    if let Some(loaded) = cell.get(py) {
        return Ok(loaded);
    }
    // A daemon thread may meet the end of the interpreter here.
    let _shield = Shield::new();
    let loaded = load()?;
    Ok(cell.get_or_init(py, || loaded))
}

/// Only if `linecache` is imported, as by `asyncio`: it is not worth an import.
fn remember_lines(py: Python<'_>, file: &str, source: &str) -> PyResult<()> {
    if let Some(linecache) = modules::imported(py)?.get_item("linecache")? {
        let lines: Vec<_> = source.split_inclusive('\n').collect();
        // Without a time of modification it is never looked for on the disk: see `linecache.checkcache`.
        let entry = (source.len(), py.None(), lines, file);
        linecache.getattr("cache")?.set_item(file, entry)?;
    }
    Ok(())
}
