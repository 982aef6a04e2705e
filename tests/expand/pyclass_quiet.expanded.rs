// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[pyclass]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(doc, doc = " # Shutdown")]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(
    doc,
    doc = " Its resources are stopped, within 5s, by `with`, `async with`, `close()` or `aclose()`."
)]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(
    doc,
    doc = " It stops these resources. Each one waits for those that it comes after:"
)]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(doc, doc = " - `reads`")]
struct Cursor {
    reads: Tasks,
    guard: ShutdownGuard<Self>,
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown_python::__rt::Guarded for Cursor {
    const SPEC: &'static ::sundown_python::__rt::Spec = &::sundown_python::__rt::Spec {
        name: "Cursor",
        timeout: ::core::time::Duration::from_millis(5000),
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: false,
        steps: &[
            ::sundown_python::__rt::StepSpec {
                name: "Cursor.reads",
                after: &[],
                timeout: ::core::option::Option::None,
                judges: &[],
            },
        ],
    };
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown_python::__rt::python::Class for Cursor {
    const UNSENDABLE: bool = false;
    const QUIET: bool = true;
    fn entry(&self) -> &::std::sync::Arc<::sundown_python::__rt::Entry> {
        ::sundown_python::__rt::entry::<Self>(&self.guard)
    }
    #[allow(unused_qualifications)]
    fn handles(
        &self,
    ) -> ::std::vec::Vec<::sundown_python::__rt::python::ResourceHandle> {
        ::std::vec::Vec::from([
            ::sundown_python::__rt::python::resource_handle(&self.reads),
        ])
    }
}
#[automatically_derived]
impl ::core::ops::Drop for Cursor {
    fn drop(&mut self) {
        ::sundown_python::__rt::python::dropped_value::<Self>(self);
    }
}
const _: () = {
    const fn has_methods<T: ::sundown_python::__rt::python::Methods>() {}
    has_methods::<Cursor>()
};
#[pymethods]
impl Cursor {
    fn next(&self) -> Answer<u32> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = ::sundown_python::__rt::python::refusal(
            &*self,
        ) {
            return ::sundown_python::__rt::python::Refuse::refuse(error);
        }
        Ok(1)
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
impl ::sundown_python::__rt::python::Methods for Cursor {}
