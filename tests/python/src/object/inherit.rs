//! Classes that extend others.

use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

fn runtime(name: &str) -> PyResult<Runtime> {
    Ok(Runtime::builder().name(name).thread_name(name).worker_threads(1).build()?)
}

/// A class to be extended, in Python and in Rust.
#[pyclass_teardown]
#[pyclass(subclass)]
struct Base {
    #[shutdown]
    runtime: Runtime,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Base {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyAny>, _kwargs: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        Ok(Base { runtime: runtime("base")?, guard: ShutdownGuard::new() })
    }

    fn base_works(&mut self) -> PyResult<bool> {
        Ok(self.runtime.handle().is_ok())
    }
}

/// Extends an annotated class, and owns something too.
#[pyclass_teardown]
#[pyclass(extends = Base)]
struct Derived {
    #[shutdown]
    runtime: Runtime,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Derived {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        let base = Base { runtime: runtime("base")?, guard: ShutdownGuard::new() };
        Ok(PyClassInitializer::from(base)
            .add_subclass(Derived { runtime: runtime("derived")?, guard: ShutdownGuard::new() }))
    }

    fn derived_works(&mut self) -> PyResult<bool> {
        Ok(self.runtime.handle().is_ok())
    }
}

/// PyO3 can extend CPython's own classes with the version-specific API only.
#[cfg(not(feature = "abi3"))]
mod native;

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Base>()?;
    module.add_class::<Derived>()?;
    #[cfg(not(feature = "abi3"))]
    module.add_class::<native::Cache>()?;
    Ok(())
}
