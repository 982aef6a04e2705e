// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within 5s: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `jobs` after `nothing`
#[must_use = "`Broken` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
pub struct Broken<T> {
    jobs: Tasks,
    value: T,
}
::core::compile_error! {
    "`soon` is not a duration\nhelp: use a form such as `\"10s\"`, `\"1m 30s\"`, `\"250ms\"` or `\"2h\"`"
}
::core::compile_error! {
    "`#[must_shutdown]` needs a field of type `ShutdownGuard`\nhelp: add `guard: ShutdownGuard<Self>` and set it to `ShutdownGuard::new()`"
}
::core::compile_error! {
    "there is no field `nothing`\nhelp: remove `after`: there is no other resource"
}
impl<T> ::sundown::__rt::Guarded for Broken<T> {
    const SPEC: &'static ::sundown::__rt::Spec = &::sundown::__rt::Spec {
        name: "Broken",
        timeout: ::core::time::Duration::ZERO,
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: true,
        steps: &[],
    };
}
#[allow(unused)]
impl<T> ::sundown::Teardown for Broken<T> {
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
impl<T> ::sundown::__rt::Annotated for Broken<T> {
    const SPEC: &'static ::sundown::__rt::Spec = &::sundown::__rt::Spec {
        name: "Broken",
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
#[allow(unused)]
impl<T> ::sundown::__rt::RequestRoots for Broken<T> {
    fn request_roots(&self) {
        ::core::unreachable!("the macro reported errors")
    }
}
#[allow(unused, clippy::all, clippy::pedantic)]
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl<T> Broken<T> {
    /// Shuts down: asks each resource to stop, waits for it, and forces it when its time is up.
    ///
    /// A second call gets the report of the first.
    ///
    /// # Errors
    ///
    /// If a resource did not stop by itself. The error carries the report.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped half-way, call it again: it continues where it stopped.
    pub async fn shutdown(
        &mut self,
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
    pub async fn shutdown_within(
        &mut self,
        timeout: ::core::time::Duration,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::core::unreachable!("the macro reported errors")
    }
    /// Same as `shutdown`, but blocks this thread until it has ended. Not for async code.
    ///
    /// # Errors
    ///
    /// If a resource did not stop by itself. The error carries the report.
    pub fn shutdown_blocking(
        &mut self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::core::unreachable!("the macro reported errors")
    }
    /// Runs `f`, then shuts down, however `f` ended.
    ///
    /// # Panics
    ///
    /// A panic of `f` continues after the shutdown.
    pub async fn with_shutdown<F, __T>(
        mut self,
        f: F,
    ) -> (__T, ::core::result::Result<::sundown::Report, ::sundown::ShutdownError>)
    where
        F: ::core::ops::AsyncFnOnce(&mut Self) -> __T,
    {
        ::core::unreachable!("the macro reported errors")
    }
    /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
    pub fn request_shutdown(&self) {
        ::core::unreachable!("the macro reported errors")
    }
}
