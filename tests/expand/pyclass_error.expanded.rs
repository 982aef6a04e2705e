// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[pyclass(name = "Client", frozen)]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(doc, doc = " # Shutdown")]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(
    doc,
    doc = " Its resources are stopped, within 1s, by `with`, `async with`, `close()` or `aclose()`."
)]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(
    doc,
    doc = " It stops these resources. Each one waits for those that it comes after:"
)]
#[cfg_attr(doc, doc = "")]
#[cfg_attr(doc, doc = " - `jobs`")]
struct Client {
    jobs: Tasks,
}
::core::compile_error! {
    "`Client` has both `#[pyclass_teardown]` and `#[must_shutdown]`\nnote: `#[pyclass_teardown]` generates the shutdown of a Python class\nhelp: remove `#[must_shutdown]`"
}
::core::compile_error! {
    "`#[pyclass_teardown]` needs a field of type `ShutdownGuard`\nhelp: add `guard: ShutdownGuard<Self>` and set it to `ShutdownGuard::new()`"
}
impl ::sundown_python::__rt::Guarded for Client {
    const SPEC: &'static ::sundown_python::__rt::Spec = &::sundown_python::__rt::Spec {
        name: "Client",
        timeout: ::core::time::Duration::ZERO,
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: true,
        steps: &[],
    };
}
#[allow(unused)]
impl ::sundown_python::__rt::python::Class for Client {
    const UNSENDABLE: bool = false;
    fn entry(&self) -> &::std::sync::Arc<::sundown_python::__rt::Entry> {
        ::core::unreachable!("the macro reported errors")
    }
    fn handles(
        &self,
    ) -> ::std::vec::Vec<::sundown_python::__rt::python::ResourceHandle> {
        ::core::unreachable!("the macro reported errors")
    }
}
struct Below {
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}
::core::compile_error! {
    "`#[pyclass_teardown]` must be above `#[pyclass]`\nhelp: write `#[pyclass_teardown]` first, and `#[pyclass]` below it"
}
impl ::sundown_python::__rt::Guarded for Below {
    const SPEC: &'static ::sundown_python::__rt::Spec = &::sundown_python::__rt::Spec {
        name: "Below",
        timeout: ::core::time::Duration::ZERO,
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: true,
        steps: &[],
    };
}
#[allow(unused)]
impl ::sundown_python::__rt::python::Class for Below {
    const UNSENDABLE: bool = false;
    fn entry(&self) -> &::std::sync::Arc<::sundown_python::__rt::Entry> {
        ::core::unreachable!("the macro reported errors")
    }
    fn handles(
        &self,
    ) -> ::std::vec::Vec<::sundown_python::__rt::python::ResourceHandle> {
        ::core::unreachable!("the macro reported errors")
    }
}
impl Below {
    fn get(&self) -> PyResult<()> {
        Ok(())
    }
}
#[automatically_derived]
#[allow(unused_qualifications)]
impl ::sundown_python::__rt::python::Methods for Below {}
::core::compile_error! {
    "`#[pyclass_teardown]` must be above `#[pymethods]`\nhelp: write `#[pyclass_teardown]` first, and `#[pymethods]` below it"
}
