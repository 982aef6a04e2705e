// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

enum Backend {
    Local(Tasks),
    Remote { connection: Connection },
}
::core::compile_error! {
    "`#[must_shutdown]` needs a struct\nhelp: move the resource fields into a struct and store it in the variant"
}
impl ::sundown::__rt::Guarded for Backend {
    const SPEC: &'static ::sundown::__rt::Spec = &::sundown::__rt::Spec {
        name: "Backend",
        timeout: ::core::time::Duration::ZERO,
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: true,
        steps: &[],
    };
}
#[allow(unused)]
impl ::sundown::Teardown for Backend {
    fn request(&mut self, progress: &mut ::sundown::Progress) {
        ::core::unreachable!("the macro reported errors")
    }
    fn wait<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut ::sundown::Progress,
    ) -> ::sundown::Wait<'__wait> {
        ::core::unreachable!("the macro reported errors")
    }
    fn force(&mut self, progress: &mut ::sundown::Progress) {
        ::core::unreachable!("the macro reported errors")
    }
}
impl ::sundown::__rt::Annotated for Backend {
    const SPEC: &'static ::sundown::__rt::Spec = &::sundown::__rt::Spec {
        name: "Backend",
        timeout: ::core::time::Duration::ZERO,
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: true,
        steps: &[],
    };
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        ::core::unreachable!("the macro reported errors")
    }
    fn entry(
        &self,
    ) -> ::core::option::Option<&::std::sync::Arc<::sundown::__rt::Entry>> {
        ::core::unreachable!("the macro reported errors")
    }
}
impl ::sundown::__rt::AnnotatedShared for Backend {
    fn steps_shared(&self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        ::core::unreachable!("the macro reported errors")
    }
}
#[allow(unused)]
impl ::sundown::__rt::RequestRoots for Backend {
    fn request_roots(&self) {
        ::core::unreachable!("the macro reported errors")
    }
}
#[allow(unused)]
impl<'__shared> ::sundown::Teardown for &'__shared Backend {
    fn request(&mut self, progress: &mut ::sundown::Progress) {
        ::core::unreachable!("the macro reported errors")
    }
    fn wait<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut ::sundown::Progress,
    ) -> ::sundown::Wait<'__wait> {
        ::core::unreachable!("the macro reported errors")
    }
    fn force(&mut self, progress: &mut ::sundown::Progress) {
        ::core::unreachable!("the macro reported errors")
    }
}
#[allow(unused, clippy::all, clippy::pedantic)]
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl Backend {
    /// Shuts down: asks each resource to stop, waits for it, and forces it when its time is up.
    ///
    /// Concurrent calls share one teardown, and all get its report.
    ///
    /// # Errors
    ///
    /// If a resource did not stop by itself. The error carries the report.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped half-way, call it again: it continues where it stopped.
    async fn shutdown(
        &self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::core::unreachable!("the macro reported errors")
    }
    /// Same as `shutdown`, with another timeout for the whole.
    ///
    /// # Errors
    ///
    /// If a resource did not stop by itself. The error carries the report.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped half-way, call it again: it continues where it stopped.
    async fn shutdown_within(
        &self,
        timeout: ::core::time::Duration,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::core::unreachable!("the macro reported errors")
    }
    /// Same as `shutdown`, but blocks this thread until it has ended. Not for async code.
    ///
    /// # Errors
    ///
    /// If a resource did not stop by itself. The error carries the report.
    fn shutdown_blocking(
        &self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::core::unreachable!("the macro reported errors")
    }
    /// Runs `f`, then shuts down, however `f` ended.
    ///
    /// # Panics
    ///
    /// A panic of `f` continues after the shutdown.
    async fn with_shutdown<F, T>(
        self: ::std::sync::Arc<Self>,
        f: F,
    ) -> (T, ::core::result::Result<::sundown::Report, ::sundown::ShutdownError>)
    where
        F: ::core::ops::AsyncFnOnce(&::std::sync::Arc<Self>) -> T,
    {
        ::core::unreachable!("the macro reported errors")
    }
    /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
    fn request_shutdown(&self) {
        ::core::unreachable!("the macro reported errors")
    }
}
#[pyclass]
enum Class {
    Local(Tasks),
}
::core::compile_error! {
    "`#[pyclass_teardown]` needs a struct or its methods\nhelp: write it above the `#[pyclass]` of a struct and above the `#[pymethods]` of its impl"
}
