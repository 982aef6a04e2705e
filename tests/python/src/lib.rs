//! The extension module that the pytest suite uses: one function for each thing that a test needs, by topic.

mod audit;
mod bare;
mod block_on;
mod callback;
mod drop_in;
mod errors;
mod event_loop;
mod futures;
mod hostile;
mod lifecycle;
mod object;
mod probe;
mod runtime;
mod streams;
mod sweep;
mod waiting;

use pyo3::prelude::*;

/// The module, under the name that the tests import.
#[pymodule(gil_used = true)]
fn sundown_pytest(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fill(module)
}

/// The same under a second name: a copy of the library file, imported beside the first, has statics of its own.
#[pymodule(gil_used = true)]
fn sundown_pytest_twin(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fill(module)
}

/// A third copy, which calls no `install`.
#[pymodule(gil_used = true)]
fn sundown_pytest_bare(module: &Bound<'_, PyModule>) -> PyResult<()> {
    bare::fill(module)
}

fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    sundown_python::install(module)?;
    module.add("__build__", if cfg!(feature = "abi3") { "abi3" } else { "version-specific" })?;
    module.add("__built_for__", sundown_python::__rt::BUILT_FOR)?;
    let topics = [
        audit::fill,
        block_on::fill,
        callback::fill,
        drop_in::fill,
        errors::fill,
        event_loop::fill,
        futures::fill,
        hostile::fill,
        lifecycle::fill,
        object::fill,
        probe::fill,
        runtime::fill,
        streams::fill,
        sweep::fill,
        waiting::fill,
    ];
    topics.into_iter().try_for_each(|fill| fill(module))
}
