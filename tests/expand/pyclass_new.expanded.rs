// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (name, *, port = 80))]
    fn new(name: &str, port: u16) -> Self {
        #[allow(clippy::redundant_closure_call)]
        let made = (move || -> Self { Client::open(name, port) })();
        {
            #[allow(unused_imports)]
            use ::sundown_python::__rt::python::{RegisterNew as _, RegisterLater as _};
            (&::sundown_python::__rt::python::NewValue(&made)).register_new();
        }
        made
    }
    #[new]
    fn nothing() {}
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
    #[pyo3(name = "__exit__")]
    fn __sundown_exit_context(
        py: ::sundown_python::__rt::python::pyo3::Python<'_>,
    ) -> ::sundown_python::__rt::python::pyo3::PyResult<
        ::sundown_python::__rt::python::pyo3::Py<
            ::sundown_python::__rt::python::pyo3::PyAny,
        >,
    > {
        ::sundown_python::__rt::python::exit_context(py)
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
            "__enter__",
            "__exit__",
            "__aenter__",
            "__aexit__",
        ])
    }
}
#[automatically_derived]
#[allow(unused_qualifications)]
impl ::sundown_python::__rt::python::Methods for Client {}
