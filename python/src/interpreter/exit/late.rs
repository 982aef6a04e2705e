//! Whether a module is imported too late: a handler that is registered while the `atexit` handlers run is never called.
//!
//! CPython does not tell, so this is put together from what is known for certain. Where nothing is known, it is taken for an
//! ordinary import: to refuse work without need would be worse than to miss a stage.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::internal::sync::lock;
use crate::interpreter::raise_soon::ok_or_raise;
use crate::interpreter::{frames, modules};

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
    let threading = modules.get_item("threading")?;
    if let Some(threading) = &threading
        && threading.getattr("_SHUTTING_DOWN")?.is_truthy()?
    {
        return after_the_threads(threading);
    }
    // The script has not ended, or `threading` was first imported after its end: then CPython never calls its `_shutdown`.
    let frames = main_frames(py, threading.as_ref())?;
    let Some(outermost) = frames.last() else { return Ok(false) };
    let code = outermost.getattr("f_code")?;
    // The script, most often.
    if code.getattr("co_name")?.eq("<module>")? {
        return Ok(false);
    }
    // Of `python -m`. It is the outermost until the module has ended.
    if code.getattr("co_filename")?.extract::<String>()?.contains("runpy") {
        return Ok(false);
    }
    Ok(is_at_exit(&code)? || threading.is_none() && after_the_script(&sys, &modules, &code)?)
}

/// `threading._shutdown` comes before the `atexit` handlers. While it runs, which is seen on the main thread's stack, other
/// threads may still work and it is not too late; after it, it is.
fn after_the_threads(threading: &Bound<'_, PyAny>) -> PyResult<bool> {
    let shutdown = threading.getattr("_shutdown")?.getattr("__code__")?;
    for frame in main_frames(threading.py(), Some(threading))? {
        if frame.getattr("f_code")?.is(&shutdown) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The frames of the main thread, the innermost first. Without `threading` this thread counts as the main one.
fn main_frames<'py>(py: Python<'py>, threading: Option<&Bound<'py, PyAny>>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let main = match threading {
        Some(threading) => frames::main_ident(threading)?,
        None => py.import("_thread")?.call_method0("get_ident")?,
    };
    let mut frame = frames::innermost(py)?.get_item(main)?;
    let mut frames = Vec::new();
    while let Some(inner) = frame {
        let outer = inner.getattr("f_back")?;
        frames.push(inner);
        frame = (!outer.is_none()).then_some(outer);
    }
    Ok(frames)
}

/// Whether this is the code of a function that is registered with `atexit`. As the outermost of a thread, which only C can
/// have called, it is at exit.
fn is_at_exit(code: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = code.py();
    let compared = Bound::new(py, Compared::default())?;
    py.import("atexit")?.call_method1("unregister", (&compared,))?;
    let functions = std::mem::take(&mut *lock(&compared.get().0));
    for function in functions {
        if begins_with(function.bind(py), code)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Equal to nothing. `atexit.unregister` compares what it is given with each registered function: no other way leads to
/// them.
#[pyclass(frozen, module = "sundown")]
#[derive(Default)]
struct Compared(Mutex<Vec<Py<PyAny>>>);

#[pymethods]
impl Compared {
    fn __eq__(&self, other: Bound<'_, PyAny>) -> bool {
        lock(&self.0).push(other.unbind());
        false
    }
}

/// Whether a call of this callable begins with this code. It may be a function, a method, a `partial` of one, or an object
/// with a `__call__`, which may have attributes that are called like those of the others.
fn begins_with(callable: &Bound<'_, PyAny>, code: &Bound<'_, PyAny>) -> PyResult<bool> {
    let has_it = |function: &Bound<'_, PyAny>| -> PyResult<bool> {
        Ok(function.getattr_opt("__code__")?.is_some_and(|its| its.is(code)))
    };
    let begins = |callable: &Bound<'_, PyAny>| -> PyResult<bool> {
        let call = callable.get_type().getattr_opt("__call__")?;
        Ok(has_it(callable)? || call.is_some_and(|call| has_it(&call).unwrap_or(false)))
    };
    let mut callable = callable.clone();
    // A `partial` of a method.
    for wrapped in ["func", "__func__"] {
        if begins(&callable)? {
            return Ok(true);
        }
        if let Some(inner) = callable.getattr_opt(wrapped)? {
            callable = inner;
        }
    }
    begins(&callable)
}

/// A process that never imported `threading` has one thread (and no greenlets, REPL or worker processes, whose packages
/// import it). If it was started with a script, and the script is not on the stack, then it is over.
fn after_the_script(
    sys: &Bound<'_, PyModule>,
    modules: &Bound<'_, PyDict>,
    outermost: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let Some(main) = modules.get_item("__main__")? else { return Ok(false) };
    // A script in a file has no `__file__` any more in an `atexit` function.
    let with_script = main.hasattr("__file__")? || sys.getattr("argv")?.get_item(0)?.eq("-c")?;
    // A C caller's import starts in `importlib`.
    Ok(with_script && !outermost.getattr("co_filename")?.extract::<String>()?.contains("importlib"))
}
