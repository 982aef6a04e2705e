//! The exceptions of the module.
//!
//! Each extension module has its own types, since each links its own copy of this crate: created at first use, they say
//! that they are of the module `sundown`, until [`install`](crate::install()) adds them to the extension's module.
#![allow(unreachable_code, reason = "`exception!` returns from PyO3's macro")]

use std::error::Error;
use std::marker::PhantomData;

use pyo3::exceptions::{PyBaseException, PyException, PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyErrArguments, PyTypeInfo};
use sundown::{Failure, Outcome};

use crate::internal::teardown::outcome;
use crate::interpreter::intern::interned;

/// Declares an exception type, as `pyo3::create_exception!` does, but for any number of bases.
macro_rules! exception {
    ($(#[doc = $rust:literal])+ $name:ident($($base:ty),+), $doc:literal, { $($attribute:literal: $value:expr),* }) => {
        $(#[doc = $rust])+
        #[repr(transparent)]
        pub struct $name(PyAny);

        pyo3::impl_exception_boilerplate!($name);
        // The part of `create_exception!` that implements `PyTypeInfo`, whose associated constants 0.30 has removed: nothing
        // says which PyO3 this is built with, and PyO3's own macro need not be told. Its last argument, the docstring, is an
        // expression in the closure that makes the type. This one returns from there with a type of ours.
        pyo3::create_exception_type_object!(sundown, $name, PyException, {
            #[allow(unsafe_code, reason = "the macro's own `py` cannot be named here")]
            // SAFETY: `type_object_raw` is called with a `Python<'_>`, and is not left before this ends.
            let py = unsafe { Python::assume_attached() };
            let bases = [$(py.get_type::<$base>()),+];
            return make_type(py, stringify!($name), &bases, $doc, &[$(($attribute, $value)),*]);
        });
    };
}

fn make_type(
    py: Python<'_>,
    name: &str,
    bases: &[Bound<'_, PyType>],
    doc: &str,
    attributes: &[(&str, Option<&str>)],
) -> Py<PyType> {
    let make = || {
        let namespace = PyDict::new(py);
        namespace.set_item("__module__", "sundown")?;
        namespace.set_item("__doc__", doc)?;
        attributes.iter().try_for_each(|(name, value)| namespace.set_item(name, value))?;
        let made = py.get_type::<PyType>().call1((name, PyTuple::new(py, bases)?, namespace))?;
        PyResult::Ok(made.cast_into::<PyType>()?.unbind())
    };
    make().expect("a type can be made")
}

exception!(
    /// `ShutdownError(RuntimeError)`: something did not shut down cleanly, or is refused because the interpreter exits.
    ///
    /// Its attribute `report` is the text of the [`Report`](crate::Report), or `None`.
    ShutdownError(PyRuntimeError),
    "Something did not shut down cleanly, or is refused because the interpreter exits.\n\n\
     `report` is what became of each step, as a readable tree, or None.",
    { "report": None }
);

exception!(
    /// `ShutdownTimeout(ShutdownError, TimeoutError)`: something had to be forced, or was given up, when its time was over.
    ShutdownTimeout(ShutdownError, PyTimeoutError),
    "Something had to be forced, or was given up, when its time was over.",
    {}
);

exception!(
    /// `RuntimePanic(Exception)`: Rust code panicked; the message says why and where.
    RuntimePanic(PyException),
    "Rust code panicked; the message says why and where.",
    {}
);

exception!(
    /// `ForkedProcessError(RuntimeError)`: something of the parent process was used in a forked child.
    ForkedProcessError(PyRuntimeError),
    "Something of the parent process was used in a forked child.",
    {}
);

exception!(
    /// `NeedsAsyncioError(RuntimeError)`: no asyncio event loop runs on this thread, but that of another library, as trio.
    NeedsAsyncioError(PyRuntimeError),
    "An asyncio event loop is needed, but another async library runs here, such as trio.",
    {}
);

exception!(
    /// `InterpreterExit(BaseException)`: raised, at exit, in Python code that still runs on a thread of a runtime.
    ///
    /// No `SystemExit`: Rust code that prints an error it got (`PyErr::print`) would then end the process from the thread
    /// that it runs on. No `Exception`: code that logs errors and goes on would swallow it.
    InterpreterExit(PyBaseException),
    "The interpreter exits, and this code still ran on a thread of a Rust runtime.",
    {}
);

/// Makes the types.
pub(crate) fn make(py: Python<'_>) {
    let _ = all(py);
}

fn all(py: Python<'_>) -> [Bound<'_, PyType>; 5] {
    // Not of the module's: it is not to be caught by name.
    let _ = py.get_type::<InterpreterExit>();
    [
        py.get_type::<ShutdownError>(),
        py.get_type::<ShutdownTimeout>(),
        py.get_type::<RuntimePanic>(),
        py.get_type::<ForkedProcessError>(),
        py.get_type::<NeedsAsyncioError>(),
    ]
}

/// Adds the types to an extension's module. From then on they say that they are of `name`, or of the module if there is no
/// such.
pub(crate) fn install(module: &Bound<'_, PyModule>, name: Option<&str>) -> PyResult<()> {
    let py = module.py();
    let own = module.name()?;
    for exception in all(py) {
        // A second module of the same library (a submodule) has the same types.
        if let Some(name) = name {
            exception.setattr(interned!(py, "__module__"), name)?;
        } else if exception.getattr(interned!(py, "__module__"))?.eq("sundown")? {
            exception.setattr(interned!(py, "__module__"), &own)?;
        }
        module.add(exception.name()?, exception)?;
    }
    Ok(())
}

/// The error for something of the parent process that is used in a forked child.
pub(crate) fn forked_err(what: &str) -> PyErr {
    ForkedProcessError::new_err(format!("{what} belongs to the parent process; make a new one in the forked child"))
}

/// `ShutdownTimeout` if something was forced or given up, else `ShutdownError`.
pub(crate) fn shutdown_error(error: &sundown::ShutdownError) -> PyErr {
    let report = error.report();
    let late = report.walk().any(|step| matches!(step.outcome(), Outcome::Forced | Outcome::Abandoned { .. }));
    if late { Reported::<ShutdownTimeout>::err(error) } else { Reported::<ShutdownError>::err(error) }
}

/// What an exception with a report is made from, once it is looked at.
struct Reported<E> {
    message: String,
    report: String,
    /// What a step failed with, if that has an exception in it.
    failure: Option<Failure>,
    class: PhantomData<fn() -> E>,
}

impl<E: PyTypeInfo + 'static> Reported<E> {
    fn err(error: &sundown::ShutdownError) -> PyErr {
        let (message, report) = (error.to_string(), error.report().to_string());
        let mut failures = error.report().walk().filter_map(|step| match step.outcome() {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        });
        let failure = failures.find(|failure| raised(failure).is_some()).cloned();
        PyErr::new::<E, _>(Reported::<E> { message, report, failure, class: PhantomData })
    }

    fn make<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let exception = py.get_type::<E>().call1((&self.message,))?;
        exception.setattr(interned!(py, "report"), &self.report)?;
        if let Some(raised) = self.failure.as_ref().and_then(raised) {
            exception.setattr(interned!(py, "__cause__"), raised.value(py))?;
        }
        Ok(exception)
    }
}

impl<E: PyTypeInfo + 'static> PyErrArguments for Reported<E> {
    /// The exception itself, which CPython then takes as it is.
    fn arguments(self, py: Python<'_>) -> Py<PyAny> {
        self.make(py).unwrap_or_else(|error| error.into_value(py).into_bound(py).into_any()).unbind()
    }
}

/// The exception that a failure is, or comes from.
fn raised(failure: &Failure) -> Option<&PyErr> {
    outcome::sources(failure.error()).find_map(<dyn Error>::downcast_ref)
}
