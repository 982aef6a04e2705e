//! Whether a module is imported too late: a handler that is registered while the `atexit` handlers run is never called.
//!
//! CPython does not tell, so this is put together from what is known for certain. Where nothing is known, it is taken for an
//! ordinary import: to refuse work without need would be worse than to miss a stage.
//!
//! The functions that are registered are not looked at. Nothing but `atexit.unregister` leads to them, which calls the `__eq__`
//! of each, and removes those that say yes.

use pyo3::prelude::*;
use pyo3::types::PyDict;

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
    let Some(outermost) = outermost(py, &modules, threading.as_ref())? else { return Ok(false) };
    if let Some(threading) = &threading
        && has_code(&threading.getattr("_shutdown")?, &outermost)?
    {
        return Ok(false); // It is about to say so.
    }
    match Program::of(&sys, &modules)? {
        Program::File { has_ended } => Ok(has_ended),
        Program::Other => is_after_the_program(&sys, &outermost),
        Program::Unknown => Ok(false),
    }
}

/// `threading._shutdown` comes before the `atexit` handlers. While it runs, which is seen on the main thread's stack, other
/// threads may still work and it is not too late; after it, it is.
fn after_the_threads(threading: &Bound<'_, PyAny>) -> PyResult<bool> {
    let shutdown = threading.getattr("_shutdown")?;
    let main = frames::main_ident(threading)?;
    let mut frame = frames::innermost(threading.py())?.get_item(main)?;
    while let Some(inner) = frame {
        if has_code(&shutdown, &inner.getattr("f_code")?)? {
            return Ok(false);
        }
        frame = outer(&inner)?;
    }
    Ok(true)
}

/// What CPython was started with.
enum Program {
    /// A script in a file. When it has ended, CPython takes `__file__` out of `__main__` again.
    File { has_ended: bool },
    /// `-c`, `-m`, a folder or a zip file.
    Other,
    /// A prompt comes behind it, or this is a program of its own in which Python is embedded.
    Unknown,
}

impl Program {
    fn of(sys: &Bound<'_, PyModule>, modules: &Bound<'_, PyDict>) -> PyResult<Self> {
        let flags = sys.getattr("flags")?;
        let prompt = flags.getattr("interactive")?.is_truthy()? || flags.getattr("inspect")?.is_truthy()?;
        // Before 3.10 nothing says what the process was started with.
        let embedded = sys.getattr_opt("orig_argv")?.is_some_and(|all| all.is_empty().unwrap_or(true));
        let Some(main) = modules.get_item("__main__")? else { return Ok(Program::Unknown) };
        let of_main = |name| PyResult::Ok(main.getattr_opt(name)?.filter(|value| !value.is_none()));
        let argument: String = sys.getattr("argv")?.get_item(0)?.extract()?;
        Ok(if prompt || embedded || argument.is_empty() || std::env::var_os("PYTHONINSPECT").is_some() {
            Program::Unknown
        } else if of_main("__spec__")?.is_some() || argument == "-c" {
            Program::Other
        } else if of_main("__loader__")?.is_some_and(|loader| loader.hasattr("path").unwrap_or(false)) {
            Program::File { has_ended: of_main("__file__")?.is_none() }
        } else {
            Program::Unknown
        })
    }
}

/// Of the frames of the main thread the outermost, by its code. None if it has none, or if that cannot be known. Without
/// `threading` this thread counts as the main one.
fn outermost<'py>(
    py: Python<'py>,
    modules: &Bound<'py, PyDict>,
    threading: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let own = py.import("_thread")?.call_method0("get_ident")?;
    let main = threading.map_or_else(|| Ok(own.clone()), frames::main_ident)?;
    let mut frame = frames::innermost(py)?.get_item(&main)?;
    if let Some(greenlet) = modules.get_item("greenlet")? {
        // Each has a stack, and CPython knows that of the current one. The first one's is the thread's.
        if !own.eq(main)? {
            return Ok(None);
        }
        let current = greenlet.call_method0("getcurrent")?;
        let mut first = current.clone();
        while let Some(parent) = Some(first.getattr("parent")?).filter(|parent| !parent.is_none()) {
            first = parent;
        }
        if !first.is(&current) {
            frame = Some(first.getattr("gr_frame")?).filter(|frame| !frame.is_none());
        }
    }
    let mut found = None;
    while let Some(inner) = frame {
        frame = outer(&inner)?;
        found = Some(inner);
    }
    found.map(|outermost| outermost.getattr("f_code")).transpose()
}

fn outer<'py>(frame: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(Some(frame.getattr("f_back")?).filter(|frame| !frame.is_none()))
}

/// Whether a main thread with this outermost frame is no longer in the program of `-c` or `-m`, nor on its way there: only C
/// calls Python then, and the next that does are the `atexit` functions.
fn is_after_the_program(sys: &Bound<'_, PyModule>, outermost: &Bound<'_, PyAny>) -> PyResult<bool> {
    let file: String = outermost.getattr("co_filename")?.extract()?;
    // The code of `-c`; the function that runs a module; an import by C, as that of `site`; a report of how it has ended.
    let runs = outermost.getattr("co_name")?.eq("<module>")?
        || file.contains("runpy")
        || file.contains("importlib")
        || has_code(&sys.getattr("excepthook")?, outermost)?;
    Ok(!runs)
}

/// Whether a call of this function, or method, begins with this code.
fn has_code(function: &Bound<'_, PyAny>, code: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(function.getattr_opt("__code__")?.is_some_and(|its| its.is(code)))
}
