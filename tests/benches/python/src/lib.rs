//! What `bench.py` measures: functions written alike for sundown (`ours`) and for pyo3-async-runtimes (`peer`); and
//! classes that are torn down.

mod object;
mod ours;
mod peer;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
fn bench_python(module: &Bound<'_, PyModule>) -> PyResult<()> {
    sundown_python::install(module)?;
    object::fill(module)?;
    let py = module.py();
    let ours = PyModule::new(py, "ours")?;
    ours::fill(&ours)?;
    module.add_submodule(&ours)?;
    let peer = PyModule::new(py, "peer")?;
    peer::fill(&peer)?;
    module.add_submodule(&peer)
}
