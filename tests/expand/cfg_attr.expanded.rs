// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[cfg_attr(feature = "serde", derive(Serialize))]
///
/// # Shutdown
///
/// Must be shut down, within 4s: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
#[cfg_attr(
    all(any(unix, target_os = "wasi"), feature = "signals"),
    doc = " - `signals`"
)]
#[cfg_attr(
    all(unix, feature = "signals"),
    doc = " - `events` after `signals`, within 1s"
)]
#[must_use = "`Watcher` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
pub(super) struct Watcher {
    #[cfg(any(unix, target_os = "wasi"))]
    #[cfg(feature = "signals")]
    signals: Signals,
    #[cfg_attr(
        all(unix, feature = "signals"),
        allow(dead_code),
        shutdown(after = signals, timeout = "1s")
    )]
    events: Events,
    guard: ShutdownGuard<Self>,
}
const _: () = {
    ::sundown::__rt::not_forgotten("events", ::sundown::__rt::search!(Events));
};
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::Guarded for Watcher {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        &::sundown::__rt::Spec {
            name: "Watcher",
            timeout: ::core::time::Duration::from_millis(4000),
            is_timeout_written: true,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Watcher.signals",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Signals>>::JUDGE],
                },
            ],
        }
    };
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::Annotated for Watcher {
    const SPEC: &'static ::sundown::__rt::Spec = <Self as ::sundown::__rt::Guarded>::SPEC;
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([::sundown::__rt::resource(&mut self.signals)]),
        )
    }
    fn entry(
        &self,
    ) -> ::core::option::Option<&::std::sync::Arc<::sundown::__rt::Entry>> {
        ::core::option::Option::Some(::sundown::__rt::entry::<Self>(&self.guard))
    }
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::RequestRoots for Watcher {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.signals).request();
    }
}
#[automatically_derived]
impl ::sundown::Teardown for Watcher {
    fn request(&mut self, progress: &mut ::sundown::Progress) {
        ::sundown::__rt::nested_request(self, progress);
    }
    fn wait<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut ::sundown::Progress,
    ) -> ::sundown::Wait<'__wait> {
        ::sundown::__rt::nested_wait(self, progress)
    }
    fn wait_in<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut ::sundown::Progress,
        nest: &::sundown::__rt::Nest,
    ) -> ::sundown::Wait<'__wait> {
        ::sundown::__rt::nested_wait_in(self, progress, nest)
    }
    fn force(&mut self, progress: &mut ::sundown::Progress) {
        ::sundown::__rt::nested_force(self, progress);
    }
    fn watch<'__watch>(
        &'__watch mut self,
        progress: &'__watch mut ::sundown::Progress,
    ) -> ::sundown::__rt::Watch<'__watch> {
        ::sundown::__rt::nested_watch(self, progress)
    }
    fn detach(
        &mut self,
    ) -> ::core::option::Option<
        ::std::boxed::Box<dyn ::sundown::Teardown + ::core::marker::Send>,
    > {
        ::sundown::__rt::nested_detach(self)
    }
}
#[automatically_derived]
impl ::core::ops::Drop for Watcher {
    fn drop(&mut self) {
        ::sundown::__rt::dropped(self);
    }
}
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl Watcher {
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
    pub(super) async fn shutdown(
        &mut self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::sundown::__rt::shutdown(self, ::core::option::Option::None).await
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
    pub(super) async fn shutdown_within(
        &mut self,
        timeout: ::core::time::Duration,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::sundown::__rt::shutdown(self, ::core::option::Option::Some(timeout)).await
    }
    /// Same as `shutdown`, but blocks this thread until it has ended. Not for async code.
    ///
    /// # Errors
    ///
    /// If a resource did not stop by itself. The error carries the report.
    pub(super) fn shutdown_blocking(
        &mut self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::sundown::__rt::shutdown_blocking(self)
    }
    /// Runs `f`, then shuts down, however `f` ended.
    ///
    /// # Panics
    ///
    /// A panic of `f` continues after the shutdown.
    pub(super) async fn with_shutdown<F, T>(
        mut self,
        f: F,
    ) -> (T, ::core::result::Result<::sundown::Report, ::sundown::ShutdownError>)
    where
        F: ::core::ops::AsyncFnOnce(&mut Self) -> T,
    {
        ::sundown::__rt::with_shutdown(self, f).await
    }
    /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
    pub(super) fn request_shutdown(&self) {
        ::sundown::__rt::RequestRoots::request_roots(self);
        ::sundown::__rt::request_shutdown(self);
    }
}
