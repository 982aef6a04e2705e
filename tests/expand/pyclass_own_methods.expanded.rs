// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[pymethods]
impl Client {
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        close(self, py)
    }
    #[pyo3(name = "aclose", signature = (timeout = None))]
    fn close_async(&self, timeout: Option<f64>) -> PyResult<()> {
        Ok(())
    }
    #[getter]
    fn get_closed(&self) -> PyResult<bool> {
        Ok(false)
    }
    #[getter(shutdown_report)]
    fn report(&self) -> Option<String> {
        None
    }
    fn __enter__(slf: Py<Self>) -> Py<Self> {
        #[allow(unused_qualifications)]
        {
            ::sundown_python::__rt::python::running_object(&slf);
        }
        slf
    }
    #[setter]
    fn set_limit(&mut self, limit: u32) -> PyResult<()> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal(
            &*self,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(())
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
        ::std::vec::Vec::from(["__exit__", "__aenter__", "__aexit__"])
    }
}
#[automatically_derived]
#[allow(unused_qualifications)]
impl ::sundown_python::__rt::python::Methods for Client {}
