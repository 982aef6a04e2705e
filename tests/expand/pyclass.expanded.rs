// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[pyclass(extends = Base, unsendable, name = "Client")]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(doc, doc = " # Shutdown")]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(
    doc,
    doc = " Its resources are stopped, within 2s, by `with`, `async with`, `close()` or `aclose()`."
)]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(
    doc,
    doc = " It stops these resources. Each one waits for those that it comes after:"
)]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(doc, doc = " - `jobs`")]
#[cfg_attr(doc, doc = " - `pool` after `jobs`, by `Pool::close`")]
#[cfg_attr(doc, doc = " - `runtime` after `pool`")]
struct PyClient {
    jobs: Tasks,
    pool: Pool,
    runtime: Runtime,
    name: String,
    guard: ShutdownGuard<Self>,
}
const _: () = {
    use ::sundown_python::__rt::python::NotHandle as _;
    ::sundown_python::__rt::python::not_forgotten(
        "name",
        ::sundown_python::__rt::search!(String),
        <::sundown_python::__rt::python::Handles<String>>::HANDLE,
    );
};
#[doc(hidden)]
#[automatically_derived]
impl ::sundown_python::__rt::Guarded for PyClient {
    const SPEC: &'static ::sundown_python::__rt::Spec = &::sundown_python::__rt::Spec {
        name: "Client",
        timeout: ::core::time::Duration::from_millis(2000),
        is_timeout_written: true,
        on_drop: ::core::option::Option::None,
        manual: false,
        steps: &[
            ::sundown_python::__rt::StepSpec {
                name: "Client.jobs",
                after: &[],
                timeout: ::core::option::Option::None,
                judges: &[],
            },
            ::sundown_python::__rt::StepSpec {
                name: "Client.pool",
                after: &[0],
                timeout: ::core::option::Option::None,
                judges: &[],
            },
            ::sundown_python::__rt::StepSpec {
                name: "Client.runtime",
                after: &[1],
                timeout: ::core::option::Option::None,
                judges: &[],
            },
        ],
    };
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown_python::__rt::python::Class for PyClient {
    const UNSENDABLE: bool = true;
    fn entry(&self) -> &::std::sync::Arc<::sundown_python::__rt::Entry> {
        ::sundown_python::__rt::entry::<Self>(&self.guard)
    }
    fn bases(
        object: &::sundown_python::__rt::python::pyo3::Bound<'_, Self>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<
        ::sundown_python::__rt::python::Bases,
    > {
        #[allow(unused_imports)]
        use ::sundown_python::__rt::python::{AnnotatedBase as _, ForeignBase as _};
        (&::sundown_python::__rt::python::Base(object.as_super())).objects()
    }
    #[allow(unused_qualifications)]
    fn handles(
        &self,
    ) -> ::std::vec::Vec<::sundown_python::__rt::python::ResourceHandle> {
        #[allow(unused_imports)]
        use ::sundown_python::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        ::std::vec::Vec::from([
            ::sundown_python::__rt::python::resource_handle(&self.jobs),
            ::sundown_python::__rt::python::resource_handle_with(
                &self.pool,
                |value, progress| {
                    ::sundown_python::__rt::Operations(value).request(progress)
                },
                |value, _| {
                    let function = Pool::close;
                    ::std::boxed::Box::pin(
                        ::sundown_python::__rt::closing(move || function(
                            ::sundown_python::__rt::passing(function, value).pass(),
                        )),
                    )
                },
                |value, progress| {
                    ::sundown_python::__rt::Operations(value).force(progress)
                },
            ),
            ::sundown_python::__rt::python::resource_handle(&self.runtime),
        ])
    }
}
#[automatically_derived]
impl ::core::ops::Drop for PyClient {
    fn drop(&mut self) {
        ::sundown_python::__rt::python::dropped_value::<Self>(self);
    }
}
const _: () = {
    const fn has_methods<T: ::sundown_python::__rt::python::Methods>() {}
    has_methods::<PyClient>()
};
#[pymethods]
impl PyClient {
    #[new]
    fn new(name: String) -> PyResult<PyClassInitializer<Self>> {
        #[allow(clippy::redundant_closure_call)]
        let made = (move || -> PyResult<PyClassInitializer<Self>> { made(name) })();
        {
            #[allow(unused_imports)]
            use ::sundown_python::__rt::python::{RegisterNew as _, RegisterLater as _};
            (&::sundown_python::__rt::python::NewValue(&made)).register_new();
        }
        made
    }
    fn get(&self) -> PyResult<u32> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal(
            &*self,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(1)
    }
    fn set(&mut self, value: u32) {
        #[allow(unused_qualifications)]
        {
            ::sundown_python::__rt::python::running(&*self);
        }
        self.value = value;
    }
    fn all(slf: &Bound<'_, Self>) -> PyResult<()> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal_object(
            &slf,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(())
    }
    fn anyway(&self) -> PyResult<()> {
        Ok(())
    }
    fn __repr__(&self) -> PyResult<String> {
        Ok(String::new())
    }
    fn __exit__(
        &mut self,
        _kind: Py<PyAny>,
        _value: Py<PyAny>,
        _traceback: Py<PyAny>,
    ) -> PyResult<()> {
        #[allow(unused_qualifications)]
        {
            ::sundown_python::__rt::python::running(&*self);
        }
        Ok(())
    }
    #[staticmethod]
    fn answer() -> PyResult<u32> {
        Ok(42)
    }
    /// Stops everything that the object owns, and waits for it: `timeout` seconds at most. A second call does
    /// nothing.
    #[allow(unused_qualifications)]
    #[pyo3(
        name = "close",
        signature = (timeout = ::core::option::Option::None),
        text_signature = "($self, timeout=None)",
    )]
    fn __sundown_close(
        slf: &::sundown_python::__rt::python::pyo3::Bound<'_, Self>,
        timeout: ::core::option::Option<f64>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<()> {
        ::sundown_python::__rt::python::close(slf, timeout)
    }
    /// Same as `close`, to be awaited: it does not block the event loop.
    #[allow(unused_qualifications)]
    #[pyo3(
        name = "aclose",
        signature = (timeout = ::core::option::Option::None),
        text_signature = "($self, timeout=None)",
    )]
    fn __sundown_aclose<'py>(
        slf: &::sundown_python::__rt::python::pyo3::Bound<'py, Self>,
        timeout: ::core::option::Option<f64>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<
        ::sundown_python::__rt::python::pyo3::Bound<
            'py,
            ::sundown_python::__rt::python::pyo3::PyAny,
        >,
    > {
        ::sundown_python::__rt::python::aclose(slf, timeout)
    }
    /// Whether the object was closed, or is being closed.
    #[allow(unused_qualifications)]
    #[getter(closed)]
    fn __sundown_closed(
        slf: &::sundown_python::__rt::python::pyo3::Bound<'_, Self>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<bool> {
        ::sundown_python::__rt::python::closed(slf)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[pyo3(name = "_sundown_check")]
    fn __sundown_check(
        slf: &::sundown_python::__rt::python::pyo3::Bound<'_, Self>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<()> {
        match ::sundown_python::__rt::python::refusal_bound(slf) {
            ::core::option::Option::Some(error) => ::core::result::Result::Err(error),
            ::core::option::Option::None => ::core::result::Result::Ok(()),
        }
    }
    /// What became of each part when the object was closed, as a readable tree; `None` before.
    #[allow(unused_qualifications)]
    #[getter(shutdown_report)]
    fn __sundown_shutdown_report(
        slf: &::sundown_python::__rt::python::pyo3::Bound<'_, Self>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<
        ::core::option::Option<::std::string::String>,
    > {
        ::sundown_python::__rt::python::shutdown_report(slf)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[classattr]
    #[pyo3(name = "__enter__")]
    fn __sundown_enter(
        py: ::sundown_python::__rt::python::pyo3::Python<'_>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<
        ::sundown_python::__rt::python::pyo3::Py<
            ::sundown_python::__rt::python::pyo3::PyAny,
        >,
    > {
        ::sundown_python::__rt::python::enter(py)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[classattr]
    #[pyo3(name = "__aenter__")]
    fn __sundown_aenter(
        py: ::sundown_python::__rt::python::pyo3::Python<'_>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<
        ::sundown_python::__rt::python::pyo3::Py<
            ::sundown_python::__rt::python::pyo3::PyAny,
        >,
    > {
        ::sundown_python::__rt::python::aenter(py)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[classattr]
    #[pyo3(name = "__aexit__")]
    fn __sundown_aexit(
        py: ::sundown_python::__rt::python::pyo3::Python<'_>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<
        ::sundown_python::__rt::python::pyo3::Py<
            ::sundown_python::__rt::python::pyo3::PyAny,
        >,
    > {
        ::sundown_python::__rt::python::aexit(py)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[classattr]
    #[pyo3(name = "_sundown_generated")]
    fn __sundown_generated() -> ::std::vec::Vec<&'static str> {
        ::std::vec::Vec::from([
            "close",
            "aclose",
            "closed",
            "shutdown_report",
            "__enter__",
            "__aenter__",
            "__aexit__",
        ])
    }
}
#[automatically_derived]
#[allow(unused_qualifications)]
impl ::sundown_python::__rt::python::Methods for PyClient {}
