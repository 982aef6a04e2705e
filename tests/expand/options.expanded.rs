// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within 5s: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `by_path`, by `Pool::close`
/// - `by_value`
/// - `by_ref`
/// - `sender`
/// - `not_detachable`, by `Held::close`
#[must_use = "`Options` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
struct Options<'a, T> {
    by_path: Option<Pool>,
    by_value: Option<Pool>,
    by_ref: Option<Pool>,
    sender: Option<oneshot::Sender<()>>,
    not_detachable: Option<Held<'a, T>>,
    guard: ShutdownGuard<Self>,
}
#[doc(hidden)]
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a, T> ::sundown::__rt::Guarded for Options<'a, T> {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        &::sundown::__rt::Spec {
            name: "Options",
            timeout: ::core::time::Duration::from_millis(5000),
            is_timeout_written: false,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Options.by_path",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Options.by_value",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Options.by_ref",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Options.sender",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[
                        <::sundown::__rt::OutputOf<Option<oneshot::Sender<()>>>>::JUDGE,
                    ],
                },
                ::sundown::__rt::StepSpec {
                    name: "Options.not_detachable",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
            ],
        }
    };
}
#[doc(hidden)]
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a, T> ::sundown::__rt::Annotated for Options<'a, T> {
    const SPEC: &'static ::sundown::__rt::Spec = <Self as ::sundown::__rt::Guarded>::SPEC;
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use ::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([
                ::sundown::__rt::Step::custom_option(
                    &mut self.by_path,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, progress| ::sundown::__rt::wait_option(
                        Pool::close,
                        value,
                        progress,
                    ),
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
                ::sundown::__rt::Step::custom_option(
                    &mut self.by_value,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, progress| ::sundown::__rt::wait_option(
                        ::sundown::__rt::taking(value, |pool| pool.close()),
                        value,
                        progress,
                    ),
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
                ::sundown::__rt::Step::custom_option(
                    &mut self.by_ref,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, progress| ::sundown::__rt::wait_option(
                        ::sundown::__rt::taking_mut(
                            value,
                            async |pool: &mut Pool| pool.close().await,
                        ),
                        value,
                        progress,
                    ),
                    |value, progress| {
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            ::sundown::__rt::on_option(
                                ::sundown::__rt::taking_whole(
                                    value,
                                    |pool: &mut Option<Pool>| *pool = None,
                                ),
                                value,
                            ),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                ),
                ::sundown::__rt::Step::custom_option(
                    &mut self.sender,
                    |value, progress| {
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            ::sundown::__rt::on_option(
                                ::sundown::__rt::taking(value, |tx| tx.send(())),
                                value,
                            ),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                    |value, progress| ::sundown::__rt::Waiting(value).wait(progress),
                    |value, progress| ::sundown::__rt::Waiting(value).force(progress),
                ),
                ::sundown::__rt::Step::custom(
                    &mut self.not_detachable,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, progress| ::sundown::__rt::wait_option(
                        Held::close,
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
        ::core::option::Option::Some(::sundown::__rt::entry::<Self>(&self.guard))
    }
}
#[doc(hidden)]
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a, T> ::sundown::__rt::RequestRoots for Options<'a, T> {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.by_path).request();
        ::sundown::__rt::RequestByRef(&self.by_value).request();
        ::sundown::__rt::RequestByRef(&self.by_ref).request();
        ::sundown::__rt::RequestByRef(&self.not_detachable).request();
    }
}
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a, T> ::sundown::Teardown for Options<'a, T> {
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
#[allow(single_use_lifetimes)]
impl<'a, T> ::core::ops::Drop for Options<'a, T> {
    fn drop(&mut self) {
        ::sundown::__rt::dropped(self);
    }
}
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl<'a, T> Options<'a, T> {
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
