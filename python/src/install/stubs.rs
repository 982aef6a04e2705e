//! The command that completes an extension's type stubs: `my_extension._sundown_stubs("my_extension.pyi")`.
//!
//! It is in the module itself, because that is what a project of maturin's has at hand: this crate installs no program, and
//! what a class has is known once it is built.

use pyo3::prelude::*;

use crate::interpreter::source;

/// The exceptions, by hand.
pub(crate) const EXCEPTIONS: &str = include_str!("../stubs.pyi");

/// Adds the command to a module. The source is loaded when it is called.
pub(super) fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sundown_stubs, module)?)
}

/// Completes the type stubs in the file `path`: the methods that are generated for the module's classes, and its
/// exceptions. What the file says already stays.
///
/// Without a path they are printed. With `check`, a file that lacks something ends the program with an error instead.
#[pyfunction]
#[pyo3(name = "_sundown_stubs", pass_module, signature = (path=None, check=false))]
fn sundown_stubs<'py>(module: &Bound<'py, PyModule>, path: Option<Bound<'py, PyAny>>, check: bool) -> PyResult<()> {
    let py = module.py();
    let namespace = source::execute(py, "stubs", include_str!("stubs.py"))?;
    namespace.as_any().get_item("stubs")?.call1((module, EXCEPTIONS, path, check)).map(drop)
}
