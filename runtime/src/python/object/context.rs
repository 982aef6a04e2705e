//! The Python half of `with` and `async with`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::fork::PerProcess;

static NAMESPACE: PerProcess<PyOnceLock<Py<PyDict>>> = PerProcess::new(PyOnceLock::new);

fn function(py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
    let namespace = NAMESPACE.get().get_or_try_init(py, || {
        let builtins = py.import("builtins")?;
        let namespace = PyDict::new(py);
        namespace.set_item("__name__", "sundown.context")?;
        namespace.set_item("__builtins__", &builtins)?;
        let code = builtins.call_method1("compile", (include_str!("context.py"), "sundown/context.py", "exec"))?;
        builtins.call_method1("exec", (code, &namespace))?;
        PyResult::Ok(namespace.unbind())
    })?;
    Ok(namespace.bind(py).as_any().get_item(name)?.unbind())
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
