// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within 5s: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `path`, by `Pool::close`
/// - `async_closure`
/// - `closure`
/// - `all`, by `Worker::join`
/// - `by_their_parameters`
/// - `qualified`
#[must_use = "`Operations` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
struct Operations {
    path: Pool,
    async_closure: Pool,
    closure: Pool,
    all: Worker,
    by_their_parameters: Worker,
    qualified: Worker,
    guard: ShutdownGuard<Self>,
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::Guarded for Operations {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        &::sundown::__rt::Spec {
            name: "Operations",
            timeout: ::core::time::Duration::from_millis(5000),
            is_timeout_written: false,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Operations.path",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Operations.async_closure",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Operations.closure",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Operations.all",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Operations.by_their_parameters",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Worker>>::JUDGE],
                },
                ::sundown::__rt::StepSpec {
                    name: "Operations.qualified",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Worker>>::JUDGE],
                },
            ],
        }
    };
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::Annotated for Operations {
    const SPEC: &'static ::sundown::__rt::Spec = <Self as ::sundown::__rt::Guarded>::SPEC;
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use ::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([
                ::sundown::__rt::Step::custom(
                    &mut self.path,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, _| {
                        let function = Pool::close;
                        ::std::boxed::Box::pin(
                            ::sundown::__rt::closing(move || function(
                                ::sundown::__rt::passing(function, value).pass(),
                            )),
                        )
                    },
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
                ::sundown::__rt::Step::custom(
                    &mut self.async_closure,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, _| ::std::boxed::Box::pin(
                        ::sundown::__rt::closing(move || ::sundown::__rt::call_mut(
                            value,
                            async |pool: &mut Pool| pool.close().await,
                        )),
                    ),
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
                ::sundown::__rt::Step::custom(
                    &mut self.closure,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, _| ::std::boxed::Box::pin(
                        ::sundown::__rt::closing(move || ::sundown::__rt::call_mut(
                            value,
                            |pool| Box::pin(pool.close()),
                        )),
                    ),
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
                ::sundown::__rt::Step::custom(
                    &mut self.all,
                    |value, progress| {
                        let function = Worker::stop;
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            function(::sundown::__rt::passing(function, value).pass()),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                    |value, _| {
                        let function = Worker::join;
                        ::std::boxed::Box::pin(
                            ::sundown::__rt::closing(move || function(
                                ::sundown::__rt::passing(function, value).pass(),
                            )),
                        )
                    },
                    |value, progress| {
                        let function = Worker::kill;
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            function(::sundown::__rt::passing(function, value).pass()),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                ),
                ::sundown::__rt::Step::custom(
                    &mut self.by_their_parameters,
                    |value, progress| {
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            ::sundown::__rt::call_ref(
                                value,
                                |worker: &Worker| worker.stop(),
                            ),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                    |value, progress| ::sundown::__rt::Waiting(value).wait(progress),
                    |value, progress| {
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            ::sundown::__rt::call_mut(
                                value,
                                |worker: &mut Worker| worker.kill(),
                            ),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                ),
                ::sundown::__rt::Step::custom(
                    &mut self.qualified,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, progress| ::sundown::__rt::Waiting(value).wait(progress),
                    |value, progress| {
                        let function = <Worker as Kill>::kill;
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            function(::sundown::__rt::passing(function, value).pass()),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
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
impl ::sundown::__rt::RequestRoots for Operations {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.path).request();
        ::sundown::__rt::RequestByRef(&self.async_closure).request();
        ::sundown::__rt::RequestByRef(&self.closure).request();
        ::sundown::__rt::RequestWith(Worker::stop, &self.all).request();
        ::sundown::__rt::RequestWith(
                ::sundown::__rt::borrowing(
                    &self.by_their_parameters,
                    |worker: &Worker| worker.stop(),
                ),
                &self.by_their_parameters,
            )
            .request();
        ::sundown::__rt::RequestByRef(&self.qualified).request();
    }
}
#[automatically_derived]
impl ::sundown::Teardown for Operations {
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
impl ::core::ops::Drop for Operations {
    fn drop(&mut self) {
        ::sundown::__rt::dropped(self);
    }
}
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl Operations {
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
    async fn with_shutdown<F, T>(
        mut self,
        f: F,
    ) -> (T, ::core::result::Result<::sundown::Report, ::sundown::ShutdownError>)
    where
        F: ::core::ops::AsyncFnOnce(&mut Self) -> T,
    {
        ::sundown::__rt::with_shutdown(self, f).await
    }
    /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
    fn request_shutdown(&self) {
        ::sundown::__rt::RequestRoots::request_roots(self);
        ::sundown::__rt::request_shutdown(self);
    }
}
