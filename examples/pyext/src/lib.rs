//! Three Python bindings that clean up after themselves: `runner.rs`, `client.rs` and `tool.rs`, each with a folder of
//! what it is made of. Start reading at a struct with `#[pyclass_teardown]`.

mod client;
#[path = "../../small/python_class.rs"] // one of the small programs, which needs no build of its own here
mod clock;
mod resp;
mod runner;
mod seconds;
mod server;
mod tool;

use pyo3::prelude::*;

/// What the Python package `sundown_demo` re-exports.
#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    sundown_python::install_as("sundown_demo", module)?;
    // Of no class: what an asyncio program of the user's has left on its loop.
    sundown_python::add_sweep(module)?;
    sundown_python::add_audit(module)?;
    module.add_class::<runner::Runner>()?;
    module.add("WorkflowError", module.py().get_type::<runner::WorkflowError>())?;
    module.add_class::<client::Client>()?;
    module.add_class::<server::Server>()?;
    module.add_class::<clock::Clock>()?;
    module.add_class::<tool::ScriptedTool>()
}
