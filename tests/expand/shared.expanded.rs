// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within 5s: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `jobs`
/// - `db` after `jobs`, by `Pool::close`
/// - `spare`, by `Pool::close`
#[must_use = "`Hub` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
pub struct Hub {
    jobs: Tasks,
    db: Pool,
    spare: Option<Pool>,
    guard: ShutdownGuard<Self>,
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::Guarded for Hub {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        &::sundown::__rt::Spec {
            name: "Hub",
            timeout: ::core::time::Duration::from_millis(5000),
            is_timeout_written: false,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Hub.jobs",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Tasks>>::JUDGE],
                },
                ::sundown::__rt::StepSpec {
                    name: "Hub.db",
                    after: &[0],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Hub.spare",
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
impl ::sundown::__rt::Annotated for Hub {
    const SPEC: &'static ::sundown::__rt::Spec = <Self as ::sundown::__rt::Guarded>::SPEC;
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use ::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([
                ::sundown::__rt::resource(&mut self.jobs),
                ::sundown::__rt::Step::custom_shared(
                    &self.db,
                    |value, progress| {
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            ::sundown::__rt::call_ref(*value, |pool| pool.stop()),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                    |value, _| ::std::boxed::Box::pin(
                        ::sundown::__rt::closing(move || Pool::close(*value)),
                    ),
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
                ::sundown::__rt::Step::custom_shared(
                    &self.spare,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, progress| ::sundown::__rt::wait_option(
                        Pool::close,
                        *value,
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
impl ::sundown::__rt::AnnotatedShared for Hub {
    fn steps_shared(&self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use ::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([
                ::sundown::__rt::shared_resource(&self.jobs),
                ::sundown::__rt::Step::custom_shared(
                    &self.db,
                    |value, progress| {
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            ::sundown::__rt::call_ref(*value, |pool| pool.stop()),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                    |value, _| ::std::boxed::Box::pin(
                        ::sundown::__rt::closing(move || Pool::close(*value)),
                    ),
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
                ::sundown::__rt::Step::custom_shared(
                    &self.spare,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, progress| ::sundown::__rt::wait_option(
                        Pool::close,
                        *value,
                        progress,
                    ),
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
            ]),
        )
    }
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::RequestRoots for Hub {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.jobs).request();
        ::sundown::__rt::RequestByRef(&self.spare).request();
    }
}
#[automatically_derived]
impl ::sundown::Teardown for Hub {
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
impl<'__shared> ::sundown::Teardown for &'__shared Hub {
    fn request(&mut self, progress: &mut ::sundown::Progress) {
        ::sundown::__rt::nested_shared_request(*self, progress);
    }
    fn wait<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut ::sundown::Progress,
    ) -> ::sundown::Wait<'__wait> {
        ::sundown::__rt::nested_shared_wait(*self, progress)
    }
    fn wait_in<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut ::sundown::Progress,
        nest: &::sundown::__rt::Nest,
    ) -> ::sundown::Wait<'__wait> {
        ::sundown::__rt::nested_shared_wait_in(*self, progress, nest)
    }
    fn force(&mut self, progress: &mut ::sundown::Progress) {
        ::sundown::__rt::nested_shared_force(*self, progress);
    }
    fn watch<'__watch>(
        &'__watch mut self,
        progress: &'__watch mut ::sundown::Progress,
    ) -> ::sundown::__rt::Watch<'__watch> {
        ::sundown::__rt::nested_shared_watch(*self, progress)
    }
}
#[automatically_derived]
impl ::core::ops::Drop for Hub {
    fn drop(&mut self) {
        ::sundown::__rt::dropped(self);
    }
}
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl Hub {
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
    pub async fn shutdown(
        &self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::sundown::__rt::shutdown_shared(self, ::core::option::Option::None).await
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
        &self,
        timeout: ::core::time::Duration,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::sundown::__rt::shutdown_shared(self, ::core::option::Option::Some(timeout))
            .await
    }
    /// Same as `shutdown`, but blocks this thread until it has ended. Not for async code.
    ///
    /// # Errors
    ///
    /// If a resource did not stop by itself. The error carries the report.
    pub fn shutdown_blocking(
        &self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::sundown::__rt::shutdown_shared_blocking(self)
    }
    /// Runs `f`, then shuts down, however `f` ended.
    ///
    /// # Panics
    ///
    /// A panic of `f` continues after the shutdown.
    pub async fn with_shutdown<F, T>(
        self: ::std::sync::Arc<Self>,
        f: F,
    ) -> (T, ::core::result::Result<::sundown::Report, ::sundown::ShutdownError>)
    where
        F: ::core::ops::AsyncFnOnce(&::std::sync::Arc<Self>) -> T,
    {
        ::sundown::__rt::with_shutdown_shared(self, f).await
    }
    /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
    pub fn request_shutdown(&self) {
        ::sundown::__rt::RequestRoots::request_roots(self);
        ::sundown::__rt::request_shutdown(self);
    }
}
