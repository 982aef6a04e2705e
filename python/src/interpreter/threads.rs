//! The threads that Python knows, without a call of Python code: so nobody is waited for, nothing can be interrupted here, and
//! nothing runs that could end one of them meanwhile. No frame outlives the look: a frame keeps what its function has.

use std::collections::HashMap;
use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::interpreter::{frames, modules};

/// The number of frames of the library that are passed at most, on the way to one that is not.
const DEEPEST: usize = 100;

/// A thread that Python knows.
pub(crate) struct PythonThread {
    pub(crate) ident: u64,
    /// None if `threading` has not made it, nor met it.
    pub(crate) known: Option<Known>,
    pub(crate) place: Place,
}

/// Where a thread is.
#[derive(Default)]
pub(crate) struct Place {
    /// Its innermost frame, `file:line in function`; none if it runs no Python.
    pub(crate) at: Option<String>,
    /// The innermost frame that is not of the standard library, where `at` is.
    pub(crate) from: Option<String>,
}

/// What `threading` says of it.
pub(crate) struct Known {
    pub(crate) native_id: Option<u32>,
    pub(crate) name: Option<String>,
    pub(crate) daemon: Option<bool>,
    /// What `event_loop.py` has written onto a thread of ours, or of another module's: what it works for.
    pub(crate) works_for: Option<String>,
}

/// All of them: those of `threading`, and what else runs Python now.
///
/// # Errors
///
/// If CPython is not as expected.
pub(crate) fn all(py: Python<'_>) -> PyResult<Vec<PythonThread>> {
    let threading = modules::imported(py)?.get_item("threading")?;
    let mut places = places(py, threading.as_ref())?;
    let mut found = Vec::new();
    if let Some(threading) = threading {
        // Not `enumerate`: a thread that is parked may have its lock.
        let active = threading.getattr("_active")?.cast_into::<PyDict>()?;
        for thread in active.values() {
            let Ok(attributes) = attributes(&thread) else { continue };
            let Some(ident) = of::<u64>(&attributes, "_ident")? else { continue };
            let place = places.remove(&ident).unwrap_or_default();
            let known = Known {
                native_id: of(&attributes, "_native_id")?,
                name: attributes.get_item("_name")?.and_then(|name| text(&name).ok()),
                daemon: of(&attributes, "_daemonic")?,
                works_for: of(&attributes, "_sundown_works_for")?,
            };
            found.push(PythonThread { ident, known: Some(known), place });
        }
    }
    let mut others: Vec<_> = places.into_iter().collect();
    others.sort_by_key(|(ident, _)| *ident);
    found.extend(others.into_iter().map(|(ident, place)| PythonThread { ident, known: None, place }));
    Ok(found)
}

/// The idents of the threads of a loop's default executor.
///
/// # Errors
///
/// If CPython is not as expected.
pub(crate) fn of_executor(event_loop: &Bound<'_, PyAny>) -> PyResult<Vec<u64>> {
    let Some(executor) = attributes(event_loop)?.get_item("_default_executor")?.filter(|executor| !executor.is_none())
    else {
        return Ok(Vec::new());
    };
    // One of the user's own may have none.
    let Some(threads) = attributes(&executor)?.get_item("_threads")? else { return Ok(Vec::new()) };
    let mut idents = Vec::new();
    for thread in threads.try_iter()? {
        idents.extend(of::<u64>(&attributes(&thread?)?, "_ident")?);
    }
    Ok(idents)
}

/// What an object has of its own. By `object`, for a class of the user's may have another `__getattribute__`.
fn attributes<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let get = object.py().get_type::<PyAny>().getattr("__getattribute__")?;
    Ok(get.call1((object, "__dict__"))?.cast_into::<PyDict>()?)
}

/// None if it is not there, or is something else.
fn of<'py, T>(attributes: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    Ok(attributes.get_item(name)?.and_then(|value| value.extract().ok()))
}

/// Also of what is no UTF-8, such as the name of a file.
fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(value.cast::<PyString>()?.to_string_lossy().into_owned())
}

/// Where each thread is that has a frame, by its ident.
fn places(py: Python<'_>, threading: Option<&Bound<'_, PyAny>>) -> PyResult<HashMap<u64, Place>> {
    let library = threading.and_then(|threading| threading.getattr("__file__").ok()?.extract::<String>().ok());
    let library = library.as_deref().and_then(|file| Path::new(file).parent());
    let mut places = HashMap::new();
    for (ident, frame) in frames::innermost(py)? {
        let (at, mut is_of_library) = place(&frame, library)?;
        let mut from = None;
        let mut inner = frame;
        for _ in 0..DEEPEST {
            if !is_of_library {
                break;
            }
            let outer = inner.getattr("f_back")?;
            if outer.is_none() {
                break;
            }
            let (place, outer_is) = place(&outer, library)?;
            (inner, is_of_library) = (outer, outer_is);
            from = (!is_of_library).then_some(place);
        }
        places.insert(ident.extract()?, Place { at: Some(at), from });
    }
    Ok(places)
}

/// `file:line in function`, and whether the file is of the standard library or of ours.
fn place(frame: &Bound<'_, PyAny>, library: Option<&Path>) -> PyResult<(String, bool)> {
    let code = frame.getattr("f_code")?;
    let file = text(&code.getattr("co_filename")?)?;
    // Since 3.11 with its class.
    let function: String = match code.getattr_opt("co_qualname")? {
        Some(name) => text(&name)?,
        None => text(&code.getattr("co_name")?)?,
    };
    // Between two lines there is none.
    let line = match frame.getattr("f_lineno")?.extract::<Option<u32>>()? {
        Some(line) => format!(":{line}"),
        None => String::new(),
    };
    let is_of_library = file.starts_with("<frozen ")
        || file.starts_with("<sundown/")
        || library.is_some_and(|library| Path::new(&file).starts_with(library) && !file.contains("site-packages"));
    Ok((format!("{file}{line} in {function}"), is_of_library))
}
