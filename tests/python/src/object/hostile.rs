//! Where the expansion has nothing to lean on: no prelude, shadowed names, another name for the crate, all lints.
#![no_implicit_prelude]
#![deny(warnings, missing_docs, unused, clippy::all, clippy::pedantic)]

use ::pyo3::prelude::{Bound, PyModule, PyModuleMethods as _, PyResult, pyclass, pymethods};
use ::std::clone::Clone as _;
use ::std::convert::From as _;

use self::renamed::{ShutdownGuard, pyclass_teardown};

/// The crate, under another name.
mod renamed {
    pub(super) use ::sundown_python::*;
}

/// Names that the expansion must not mean.
#[allow(dead_code, non_camel_case_types, reason = "they are here to be in the way")]
mod shadows {
    pub(super) struct Option;
    pub(super) struct Result;
    pub(super) struct Vec;
    pub(super) struct Box;
    pub(super) struct String;
    pub(super) struct Bound;
    pub(super) struct Class;
    pub(super) fn made() {}
    pub(super) fn error() {}
}
#[allow(unused_imports, reason = "they are here to be in the way")]
use self::shadows::{Box, Class, Option, Result, String, Vec, error, made};

fn stopped(tasks: &renamed::Tasks) -> impl ::std::future::Future<Output = ()> + ::std::marker::Send {
    let tasks = tasks.clone();
    async move { tasks.wait().await }
}

/// A class.
#[pyclass_teardown(crate = self::renamed, timeout = "1m 30s")]
#[pyclass(frozen)]
pub(super) struct Hostile {
    /// A resource.
    #[shutdown]
    r#type: renamed::Runtime,
    /// Another, stopped by hand.
    #[shutdown(after = r#type, with = stopped, request = |tasks: &renamed::Tasks| tasks.close())]
    tasks: renamed::Tasks,
    #[allow(dead_code, reason = "the expansion reads it")]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(crate = self::renamed, report)]
#[pymethods]
impl Hostile {
    #[new]
    fn new() -> PyResult<Self> {
        let made = renamed::Runtime::builder().worker_threads(1).build();
        let error = |error: ::std::io::Error| ::pyo3::PyErr::from(error);
        let runtime = made.map_err(error)?;
        ::std::result::Result::Ok(Hostile {
            r#type: runtime,
            tasks: renamed::Tasks::new(),
            guard: ShutdownGuard::new(),
        })
    }

    fn r#use(&self) -> PyResult<bool> {
        let error = self.tasks.clone();
        ::std::result::Result::Ok(error.is_empty() && !self.r#type.name().is_empty())
    }

    fn error(&self) -> ::std::result::Result<u32, ::pyo3::PyErr> {
        ::std::result::Result::Err(::pyo3::exceptions::PyKeyError::new_err(self.tasks.len()))
    }
}

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Hostile>()
}
