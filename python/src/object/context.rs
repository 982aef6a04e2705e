//! The Python half of `with` and `async with`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::asyncio::locals::get_running_loop;
use crate::internal::host::fork::PerProcess;
use crate::interpreter::source;

static NAMESPACE: PerProcess<PyOnceLock<Py<PyDict>>> = PerProcess::new(PyOnceLock::new);

fn function(py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
    let load = || {
        let namespace = source::execute(py, "context", include_str!("context.py"))?;
        namespace.set_item("needs_asyncio", wrap_pyfunction!(needs_asyncio, py)?)?;
        PyResult::Ok(namespace.unbind())
    };
    let namespace = source::once(py, NAMESPACE.get(), load)?;
    Ok(namespace.bind(py).as_any().get_item(name)?.unbind())
}

/// An error unless an asyncio loop runs on this thread.
#[pyfunction]
fn needs_asyncio(py: Python<'_>) -> PyResult<()> {
    get_running_loop(py).map(drop)
}

macro_rules! functions {
    ($($rust:ident $python:literal),+) => {$(
        #[doc = concat!("`", $python, "` of an annotated class.")]
        ///
        /// # Errors
        ///
        /// If the Python source of this crate cannot be loaded.
        pub fn $rust(py: Python<'_>) -> PyResult<Py<PyAny>> {
            function(py, $python)
        }
    )+};
}

functions!(enter "__enter__", exit "__exit__", aenter "__aenter__", aexit "__aexit__");
