// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[derive(Teardown)]
#[teardown(crate = self::vendored::sundown)]
struct Parts {
    #[shutdown(with = Pool::close)]
    pool: Option<Pool>,
    label: &'static str,
}
const _: () = {
    self::vendored::sundown::__rt::not_forgotten(
        "label",
        self::vendored::sundown::__rt::search!(& 'static str),
    );
};
#[doc(hidden)]
#[automatically_derived]
impl self::vendored::sundown::__rt::Annotated for Parts {
    const SPEC: &'static self::vendored::sundown::__rt::Spec = &self::vendored::sundown::__rt::Spec {
        name: "Parts",
        timeout: ::core::time::Duration::from_millis(5000),
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: false,
        steps: &[
            self::vendored::sundown::__rt::StepSpec {
                name: "Parts.pool",
                after: &[],
                timeout: ::core::option::Option::None,
                judges: &[],
            },
        ],
    };
    fn steps(&mut self) -> ::std::vec::Vec<self::vendored::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use self::vendored::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        self::vendored::sundown::__rt::steps(
            ::std::boxed::Box::new([
                self::vendored::sundown::__rt::Step::custom_option(
                    &mut self.pool,
                    |value, progress| {
                        self::vendored::sundown::__rt::Operations(value)
                            .request(progress)
                    },
                    |value, progress| self::vendored::sundown::__rt::wait_option(
                        Pool::close,
                        value,
                        progress,
                    ),
                    |value, progress| {
                        self::vendored::sundown::__rt::Operations(value).force(progress)
                    },
                ),
            ]),
        )
    }
    fn entry(
        &self,
    ) -> ::core::option::Option<
        &::std::sync::Arc<self::vendored::sundown::__rt::Entry>,
    > {
        ::core::option::Option::None
    }
}
#[doc(hidden)]
#[automatically_derived]
impl self::vendored::sundown::__rt::RequestRoots for Parts {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use self::vendored::sundown::__rt::{NotByRef as _, NotNested as _};
        self::vendored::sundown::__rt::RequestByRef(&self.pool).request();
    }
}
#[automatically_derived]
impl self::vendored::sundown::Teardown for Parts {
    fn request(&mut self, progress: &mut self::vendored::sundown::Progress) {
        self::vendored::sundown::__rt::nested_request(self, progress);
    }
    fn wait<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut self::vendored::sundown::Progress,
    ) -> self::vendored::sundown::Wait<'__wait> {
        self::vendored::sundown::__rt::nested_wait(self, progress)
    }
    fn wait_in<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut self::vendored::sundown::Progress,
        nest: &self::vendored::sundown::__rt::Nest,
    ) -> self::vendored::sundown::Wait<'__wait> {
        self::vendored::sundown::__rt::nested_wait_in(self, progress, nest)
    }
    fn force(&mut self, progress: &mut self::vendored::sundown::Progress) {
        self::vendored::sundown::__rt::nested_force(self, progress);
    }
    fn watch<'__watch>(
        &'__watch mut self,
        progress: &'__watch mut self::vendored::sundown::Progress,
    ) -> self::vendored::sundown::__rt::Watch<'__watch> {
        self::vendored::sundown::__rt::nested_watch(self, progress)
    }
    fn detach(
        &mut self,
    ) -> ::core::option::Option<
        ::std::boxed::Box<dyn self::vendored::sundown::Teardown + ::core::marker::Send>,
    > {
        self::vendored::sundown::__rt::nested_detach(self)
    }
}
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
#[cfg_attr(doc, doc = " - `parts`")]
struct Client {
    parts: Shared<Parts>,
    guard: ShutdownGuard<Self>,
}
#[doc(hidden)]
#[automatically_derived]
impl sundown_python::__rt::Guarded for Client {
    const SPEC: &'static sundown_python::__rt::Spec = &sundown_python::__rt::Spec {
        name: "Client",
        timeout: ::core::time::Duration::from_millis(5000),
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: false,
        steps: &[
            sundown_python::__rt::StepSpec {
                name: "Client.parts",
                after: &[],
                timeout: ::core::option::Option::None,
                judges: &[],
            },
        ],
    };
}
#[doc(hidden)]
#[automatically_derived]
impl sundown_python::__rt::python::Class for Client {
    const UNSENDABLE: bool = false;
    fn entry(&self) -> &::std::sync::Arc<sundown_python::__rt::Entry> {
        sundown_python::__rt::entry::<Self>(&self.guard)
    }
    #[allow(unused_qualifications)]
    fn handles(&self) -> ::std::vec::Vec<sundown_python::__rt::python::ResourceHandle> {
        ::std::vec::Vec::from([
            sundown_python::__rt::python::resource_handle(&self.parts),
        ])
    }
}
#[automatically_derived]
impl ::core::ops::Drop for Client {
    fn drop(&mut self) {
        sundown_python::__rt::python::dropped_value::<Self>(self);
    }
}
const _: () = {
    const fn has_methods<T: sundown_python::__rt::python::Methods>() {}
    has_methods::<Client>()
};
#[pymethods]
impl Client {
    fn get(&self) -> PyResult<()> {
        #[allow(unused_qualifications)]
        if let ::core::option::Option::Some(error) = sundown_python::__rt::python::refusal(
            &*self,
        ) {
            return sundown_python::__rt::python::Refuse::refuse(error);
        }
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
        slf: &sundown_python::__rt::python::pyo3::Bound<'_, Self>,
        timeout: ::core::option::Option<f64>,
    ) -> sundown_python::__rt::python::pyo3::PyResult<()> {
        sundown_python::__rt::python::close(slf, timeout)
    }
    /// Same as `close`, to be awaited: it does not block the event loop.
    #[allow(unused_qualifications)]
    #[pyo3(
        name = "aclose",
        signature = (timeout = ::core::option::Option::None),
        text_signature = "($self, timeout=None)",
    )]
    fn __sundown_aclose<'py>(
        slf: &sundown_python::__rt::python::pyo3::Bound<'py, Self>,
        timeout: ::core::option::Option<f64>,
    ) -> sundown_python::__rt::python::pyo3::PyResult<
        sundown_python::__rt::python::pyo3::Bound<
            'py,
            sundown_python::__rt::python::pyo3::PyAny,
        >,
    > {
        sundown_python::__rt::python::aclose(slf, timeout)
    }
    /// Whether the object was closed, or is being closed.
    #[allow(unused_qualifications)]
    #[getter(closed)]
    fn __sundown_closed(
        slf: &sundown_python::__rt::python::pyo3::Bound<'_, Self>,
    ) -> sundown_python::__rt::python::pyo3::PyResult<bool> {
        sundown_python::__rt::python::closed(slf)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[pyo3(name = "_sundown_check")]
    fn __sundown_check(
        slf: &sundown_python::__rt::python::pyo3::Bound<'_, Self>,
    ) -> sundown_python::__rt::python::pyo3::PyResult<()> {
        match sundown_python::__rt::python::refusal_bound(slf) {
            ::core::option::Option::Some(error) => ::core::result::Result::Err(error),
            ::core::option::Option::None => ::core::result::Result::Ok(()),
        }
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[classattr]
    #[pyo3(name = "__enter__")]
    fn __sundown_enter(
        py: sundown_python::__rt::python::pyo3::Python<'_>,
    ) -> sundown_python::__rt::python::pyo3::PyResult<
        sundown_python::__rt::python::pyo3::Py<sundown_python::__rt::python::pyo3::PyAny>,
    > {
        sundown_python::__rt::python::enter(py)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[classattr]
    #[pyo3(name = "__exit__")]
    fn __sundown_exit_context(
        py: sundown_python::__rt::python::pyo3::Python<'_>,
    ) -> sundown_python::__rt::python::pyo3::PyResult<
        sundown_python::__rt::python::pyo3::Py<sundown_python::__rt::python::pyo3::PyAny>,
    > {
        sundown_python::__rt::python::exit_context(py)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[classattr]
    #[pyo3(name = "__aenter__")]
    fn __sundown_aenter(
        py: sundown_python::__rt::python::pyo3::Python<'_>,
    ) -> sundown_python::__rt::python::pyo3::PyResult<
        sundown_python::__rt::python::pyo3::Py<sundown_python::__rt::python::pyo3::PyAny>,
    > {
        sundown_python::__rt::python::aenter(py)
    }
    #[doc(hidden)]
    #[allow(unused_qualifications)]
    #[classattr]
    #[pyo3(name = "__aexit__")]
    fn __sundown_aexit(
        py: sundown_python::__rt::python::pyo3::Python<'_>,
    ) -> sundown_python::__rt::python::pyo3::PyResult<
        sundown_python::__rt::python::pyo3::Py<sundown_python::__rt::python::pyo3::PyAny>,
    > {
        sundown_python::__rt::python::aexit(py)
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
impl sundown_python::__rt::python::Methods for Client {}
