//! Whether a module is imported too late: a handler that is registered while the `atexit` handlers run is never called.
//!
//! CPython does not tell, so this is put together from what is known for certain. Where nothing is, it is an import like
//! most: to refuse work without need would be worse than to miss a stage.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::interpreter::modules;
use crate::interpreter::raise_soon::ok_or_raise;

/// Whether a handler that is registered now with `atexit` would not be called.
///
/// # Errors
///
/// What is no `Exception`, such as Ctrl-C.
pub(super) fn is_too_late(py: Python<'_>) -> PyResult<bool> {
    Ok(ok_or_raise(py, look(py))?.unwrap_or(false))
}

fn look(py: Python<'_>) -> PyResult<bool> {
    let sys = py.import("sys")?;
    if sys.call_method0("is_finalizing")?.is_truthy()? {
        return Ok(true);
    }
    let modules = modules::imported(py)?;
    match modules.get_item("threading")? {
        Some(threading) => after_the_threads(&sys, &threading),
        None => after_the_script(&sys, &modules),
    }
}

/// `threading._shutdown` comes before the `atexit` handlers. While it runs, which is seen on the main thread's stack, other
/// threads may still work and it is not too late; after it, it is.
fn after_the_threads(sys: &Bound<'_, PyModule>, threading: &Bound<'_, PyAny>) -> PyResult<bool> {
    if !threading.getattr("_SHUTTING_DOWN")?.is_truthy()? {
        return Ok(false);
    }
    let shutdown = threading.getattr("_shutdown")?.getattr("__code__")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    let mut frame = sys.call_method0("_current_frames")?.get_item(main)?;
    while !frame.is_none() {
        if frame.getattr("f_code")?.is(&shutdown) {
            return Ok(false);
        }
        frame = frame.getattr("f_back")?;
    }
    Ok(true)
}

/// A process that never imported `threading` has one thread (and no greenlets, REPL or worker processes, whose packages
/// import it). If it was started with a script, and the script is not on the stack, then it is over.
fn after_the_script(sys: &Bound<'_, PyModule>, modules: &Bound<'_, PyDict>) -> PyResult<bool> {
    let Some(main) = modules.get_item("__main__")? else { return Ok(false) };
    let with_script = main.hasattr("__file__")? || sys.getattr("argv")?.get_item(0)?.eq("-c")?;
    if !with_script {
        return Ok(false);
    }
    let mut frame = sys.call_method1("_getframe", (0,))?;
    loop {
        let before = frame.getattr("f_back")?;
        if before.is_none() {
            break;
        }
        frame = before;
    }
    let code = frame.getattr("f_code")?;
    // `python -m` starts in `runpy`; a C caller's import starts in `importlib`.
    let file: String = code.getattr("co_filename")?.extract()?;
    Ok(!code.getattr("co_name")?.eq("<module>")? && !file.contains("runpy") && !file.contains("importlib"))
}
