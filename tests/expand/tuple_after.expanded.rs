// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within 3s: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `0`
/// - `1` after `0`, within 1s
/// - `4` after `0` and `1`, by `Writer::close`
#[must_use = "`Stages` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
struct Stages<T>(Reader, Parser, T, Metrics, Option<Writer>, Watched<Self>);
#[doc(hidden)]
#[automatically_derived]
impl<T> ::sundown::__rt::Guarded for Stages<T> {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        ::sundown::__rt::not_forgotten("2", ::sundown::__rt::search!(T));
        &::sundown::__rt::Spec {
            name: "Stages",
            timeout: ::core::time::Duration::from_millis(3000),
            is_timeout_written: true,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Stages.0",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Reader>>::JUDGE],
                },
                ::sundown::__rt::StepSpec {
                    name: "Stages.1",
                    after: &[0],
                    timeout: ::core::option::Option::Some(
                        ::core::time::Duration::from_millis(1000),
                    ),
                    judges: &[<::sundown::__rt::OutputOf<Parser>>::JUDGE],
                },
                ::sundown::__rt::StepSpec {
                    name: "Stages.4",
                    after: &[0, 1],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
            ],
        }
    };
}
#[doc(hidden)]
#[automatically_derived]
impl<T> ::sundown::__rt::Annotated for Stages<T> {
    const SPEC: &'static ::sundown::__rt::Spec = <Self as ::sundown::__rt::Guarded>::SPEC;
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use ::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([
                ::sundown::__rt::resource(&mut self.0),
                ::sundown::__rt::resource(&mut self.1),
                ::sundown::__rt::Step::custom_option(
                    &mut self.4,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, progress| ::sundown::__rt::wait_option(
                        Writer::close,
                        value,
                        progress,
                    ),
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
            ]),
        )
    }
    fn entry(
        &self,
    ) -> ::core::option::Option<&::std::sync::Arc<::sundown::__rt::Entry>> {
        ::core::option::Option::Some(::sundown::__rt::entry::<Self>(&self.5))
    }
}
#[doc(hidden)]
#[automatically_derived]
impl<T> ::sundown::__rt::RequestRoots for Stages<T> {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.0).request();
    }
}
#[automatically_derived]
impl<T> ::sundown::Teardown for Stages<T> {
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
impl<T> ::core::ops::Drop for Stages<T> {
    fn drop(&mut self) {
        ::sundown::__rt::dropped(self);
    }
}
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl<T> Stages<T> {
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
    async fn shutdown(
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
    async fn shutdown_within(
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
    fn shutdown_blocking(
        &mut self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::sundown::__rt::shutdown_blocking(self)
    }
    /// Runs `f`, then shuts down, however `f` ended.
    ///
    /// # Panics
    ///
    /// A panic of `f` continues after the shutdown.
    async fn with_shutdown<F, __T>(
        mut self,
        f: F,
    ) -> (__T, ::core::result::Result<::sundown::Report, ::sundown::ShutdownError>)
    where
        F: ::core::ops::AsyncFnOnce(&mut Self) -> __T,
    {
        ::sundown::__rt::with_shutdown(self, f).await
    }
    /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
    fn request_shutdown(&self) {
        ::sundown::__rt::RequestRoots::request_roots(self);
        ::sundown::__rt::request_shutdown(self);
    }
}
#[derive(Teardown)]
struct Newtype(#[shutdown] Tasks);
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::Annotated for Newtype {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        &::sundown::__rt::Spec {
            name: "Newtype",
            timeout: ::core::time::Duration::from_millis(5000),
            is_timeout_written: false,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Newtype.0",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Tasks>>::JUDGE],
                },
            ],
        }
    };
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([::sundown::__rt::resource(&mut self.0)]),
        )
    }
    fn entry(
        &self,
    ) -> ::core::option::Option<&::std::sync::Arc<::sundown::__rt::Entry>> {
        ::core::option::Option::None
    }
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::RequestRoots for Newtype {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.0).request();
    }
}
#[automatically_derived]
impl ::sundown::Teardown for Newtype {
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
