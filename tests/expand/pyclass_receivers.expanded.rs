// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[cfg_attr(feature = "python", pymethods)]
impl Client {
    fn by_ref(&self) -> Result<(), OwnError> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal(
            &*self,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(())
    }
    fn by_mut(&mut self) -> PyResult<()> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal(
            &*self,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(())
    }
    fn by_mut_without_a_result(&mut self) {
        #[allow(unused_qualifications)]
        {
            ::sundown_python::__rt::python::running(&*self);
        }
    }
    fn by_py_ref(slf: PyRef<'_, Self>) -> PyResult<()> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal(
            &*slf,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(())
    }
    fn by_py_ref_mut(mut slf: PyRefMut<'_, Self>) -> u8 {
        #[allow(unused_qualifications)]
        {
            ::sundown_python::__rt::python::running(&*slf);
        }
        0
    }
    fn by_object(slf: Py<Self>) -> PyResult<()> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal_object(
            &slf,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(())
    }
    fn by_bound(slf: &Bound<'_, Self>) {
        #[allow(unused_qualifications)]
        {
            ::sundown_python::__rt::python::running_object(&slf);
        }
    }
    async fn asynchronous(&self) -> PyResult<u8> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal(
            &*self,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(0)
    }
    #[classmethod]
    fn of_the_class(cls: &Bound<'_, PyType>) -> PyResult<()> {
        Ok(())
    }
    fn unchecked(&mut self) -> PyResult<()> {
        #[allow(unused_qualifications)]
        {
            ::sundown_python::__rt::python::running(&*self);
        }
        Ok(())
    }
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        Ok(())
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
