//! Code of users' that misbehaves where the bridge calls it.

use std::time::Duration;

use pyo3::PyErrArguments;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sundown_python::{Callback, future_into_py, future_into_py_eager};

use crate::probe::Probe;

/// Arguments of an exception that panic when it is made.
struct Unmakeable;

impl PyErrArguments for Unmakeable {
    fn arguments(self, _py: Python<'_>) -> Py<PyAny> {
        panic!("no arguments")
    }
}

/// Raises an exception that cannot be made.
#[pyfunction]
fn panic_in_exception(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async { Err::<(), _>(PyErr::new::<PyValueError, _>(Unmakeable)) })
}

#[pyfunction]
fn eager_panic_in_exception(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py_eager(py, async { Err::<(), _>(PyErr::new::<PyValueError, _>(Unmakeable)) })
}

/// Reports such an exception, and is ready then.
#[pyfunction]
fn report_unmakeable<'py>(callable: &Bound<'py, PyAny>, thread: bool) -> PyResult<Bound<'py, PyAny>> {
    let callback = if thread { Callback::on_thread(callable)? } else { Callback::new(callable)? };
    future_into_py(callable.py(), async move { Ok(callback.report(PyErr::new::<PyValueError, _>(Unmakeable))) })
}

/// A result that panics when it is dropped instead of converted.
struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("dropped")
    }
}

impl<'py> IntoPyObject<'py> for PanicsInDrop {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        std::mem::forget(self);
        Ok(py.None().into_bound(py))
    }
}

/// Ready with such a result; the probe sees the future dropped then.
#[pyfunction]
fn panic_in_drop<'py>(py: Python<'py>, probe: &Probe) -> PyResult<Bound<'py, PyAny>> {
    let watched = probe.watch();
    future_into_py(py, async move {
        watched.started();
        Ok(PanicsInDrop)
    })
}

/// What raises a signal while it is converted, whose handler then runs as soon as Python goes on.
struct Signals(i32);

impl<'py> IntoPyObject<'py> for Signals {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    #[allow(unsafe_code, reason = "std raises no signals")]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        unsafe extern "C" {
            fn raise(signal: i32) -> i32;
        }
        // SAFETY: it has no preconditions, and Python has a handler for what a test sends.
        unsafe { raise(self.0) };
        Ok(py.None().into_bound(py))
    }
}

#[pyfunction]
fn signal_in_conversion(py: Python<'_>, signal: i32) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move { Ok(Signals(signal)) })
}

/// What no Python object is.
pub(crate) struct Unextractable;

impl<'a, 'py> FromPyObject<'a, 'py> for Unextractable {
    type Error = PyErr;

    fn extract(_object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        panic!("not extracted")
    }
}

/// Calls the callable, and panics in the extraction of what it returns.
#[pyfunction]
fn call_unextractable<'py>(callable: &Bound<'py, PyAny>, thread: bool) -> PyResult<Bound<'py, PyAny>> {
    let callback = if thread { Callback::on_thread(callable)? } else { Callback::new(callable)? };
    future_into_py(callable.py(), async move { callback.call_into::<Unextractable, _>(()).await.map(drop) })
}

/// Begins a call and drops it after this many milliseconds. The probe sees when.
#[pyfunction]
fn call_within<'py>(callable: &Bound<'py, PyAny>, millis: u64, probe: &Probe) -> PyResult<Bound<'py, PyAny>> {
    let callback = Callback::new(callable)?;
    let watched = probe.watch();
    future_into_py(callable.py(), async move {
        let called = tokio::time::timeout(Duration::from_millis(millis), callback.call(())).await;
        drop(watched);
        Ok(called.is_ok())
    })
}

/// The probe sees it polled. Ready at once.
#[pyfunction]
fn eager_probed<'py>(py: Python<'py>, probe: &Probe) -> PyResult<Bound<'py, PyAny>> {
    let watched = probe.watch();
    future_into_py_eager(py, async move {
        watched.started();
        Ok(())
    })
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(panic_in_exception, module)?)?;
    module.add_function(wrap_pyfunction!(eager_panic_in_exception, module)?)?;
    module.add_function(wrap_pyfunction!(report_unmakeable, module)?)?;
    module.add_function(wrap_pyfunction!(panic_in_drop, module)?)?;
    module.add_function(wrap_pyfunction!(signal_in_conversion, module)?)?;
    module.add_function(wrap_pyfunction!(call_unextractable, module)?)?;
    module.add_function(wrap_pyfunction!(call_within, module)?)?;
    module.add_function(wrap_pyfunction!(eager_probed, module)?)
}
