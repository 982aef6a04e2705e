// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within `LIMIT`: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `inner`
/// - `pools` after `inner`
#[must_use = "`Server` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
pub(crate) struct Server<'a, F, T: Teardown + Send = Tasks, const N: usize = 4>
where
    F: Fn(&T) -> u32,
{
    inner: T,
    pools: [Pool<'a>; N],
    check: F,
    label: &'a str,
    next: Option<Box<Self>>,
    watched: Watched<T>,
}
const _: () = {
    crate::vendored::sundown::__rt::not_forgotten(
        "label",
        crate::vendored::sundown::__rt::search!(& 'static str),
    );
};
#[doc(hidden)]
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a, F, T: Teardown + Send, const N: usize> crate::vendored::sundown::__rt::Guarded
for Server<'a, F, T, N>
where
    F: Fn(&T) -> u32,
{
    const SPEC: &'static crate::vendored::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use crate::vendored::sundown::__rt::NoOutput as _;
        crate::vendored::sundown::__rt::not_forgotten(
            "check",
            crate::vendored::sundown::__rt::search!(F),
        );
        crate::vendored::sundown::__rt::not_forgotten(
            "next",
            crate::vendored::sundown::__rt::search!(Option < Box < Self > >),
        );
        &crate::vendored::sundown::__rt::Spec {
            name: "Server",
            timeout: LIMIT,
            is_timeout_written: true,
            on_drop: ::core::option::Option::Some(
                crate::vendored::sundown::OnDrop::Wait,
            ),
            manual: false,
            steps: &[
                crate::vendored::sundown::__rt::StepSpec {
                    name: "Server.inner",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<crate::vendored::sundown::__rt::OutputOf<T>>::JUDGE],
                },
                crate::vendored::sundown::__rt::StepSpec {
                    name: "Server.pools",
                    after: &[0],
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
impl<'a, F, T: Teardown + Send, const N: usize> crate::vendored::sundown::__rt::Annotated
for Server<'a, F, T, N>
where
    F: Fn(&T) -> u32,
{
    const SPEC: &'static crate::vendored::sundown::__rt::Spec = <Self as crate::vendored::sundown::__rt::Guarded>::SPEC;
    fn steps(&mut self) -> ::std::vec::Vec<crate::vendored::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use crate::vendored::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        crate::vendored::sundown::__rt::steps(
            ::std::boxed::Box::new([
                crate::vendored::sundown::__rt::Step::new(&mut self.inner),
                crate::vendored::sundown::__rt::Step::custom(
                    &mut self.pools,
                    |value, progress| {
                        crate::vendored::sundown::__rt::Operations(value)
                            .request(progress)
                    },
                    |value, _| ::std::boxed::Box::pin(
                        crate::vendored::sundown::__rt::closing(move || crate::vendored::sundown::__rt::call_mut(
                            value,
                            async |pool| pool.close().await,
                        )),
                    ),
                    |value, progress| {
                        crate::vendored::sundown::__rt::Operations(value).force(progress)
                    },
                ),
            ]),
        )
    }
    fn entry(
        &self,
    ) -> ::core::option::Option<
        &::std::sync::Arc<crate::vendored::sundown::__rt::Entry>,
    > {
        ::core::option::Option::Some(
            crate::vendored::sundown::__rt::entry::<Self>(&self.watched),
        )
    }
}
#[doc(hidden)]
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<
    'a,
    F,
    T: Teardown + Send,
    const N: usize,
> crate::vendored::sundown::__rt::RequestRoots for Server<'a, F, T, N>
where
    F: Fn(&T) -> u32,
{
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use crate::vendored::sundown::__rt::{NotByRef as _, NotNested as _};
        crate::vendored::sundown::__rt::RequestByRef(&self.inner).request();
    }
}
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a, F, T: Teardown + Send, const N: usize> crate::vendored::sundown::Teardown
for Server<'a, F, T, N>
where
    F: Fn(&T) -> u32,
{
    fn request(&mut self, progress: &mut crate::vendored::sundown::Progress) {
        crate::vendored::sundown::__rt::nested_request(self, progress);
    }
    fn wait<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut crate::vendored::sundown::Progress,
    ) -> crate::vendored::sundown::Wait<'__wait> {
        crate::vendored::sundown::__rt::nested_wait(self, progress)
    }
    fn wait_in<'__wait>(
        &'__wait mut self,
        progress: &'__wait mut crate::vendored::sundown::Progress,
        nest: &crate::vendored::sundown::__rt::Nest,
    ) -> crate::vendored::sundown::Wait<'__wait> {
        crate::vendored::sundown::__rt::nested_wait_in(self, progress, nest)
    }
    fn force(&mut self, progress: &mut crate::vendored::sundown::Progress) {
        crate::vendored::sundown::__rt::nested_force(self, progress);
    }
    fn watch<'__watch>(
        &'__watch mut self,
        progress: &'__watch mut crate::vendored::sundown::Progress,
    ) -> crate::vendored::sundown::__rt::Watch<'__watch> {
        crate::vendored::sundown::__rt::nested_watch(self, progress)
    }
    fn detach(
        &mut self,
    ) -> ::core::option::Option<
        ::std::boxed::Box<dyn crate::vendored::sundown::Teardown + ::core::marker::Send>,
    > {
        crate::vendored::sundown::__rt::nested_detach(self)
    }
}
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a, F, T: Teardown + Send, const N: usize> ::core::ops::Drop for Server<'a, F, T, N>
where
    F: Fn(&T) -> u32,
{
    fn drop(&mut self) {
        crate::vendored::sundown::__rt::dropped(self);
    }
}
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl<'a, F, T: Teardown + Send, const N: usize> Server<'a, F, T, N>
where
    F: Fn(&T) -> u32,
{
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
    pub(crate) async fn shutdown(
        &mut self,
    ) -> ::core::result::Result<
        crate::vendored::sundown::Report,
        crate::vendored::sundown::ShutdownError,
    > {
        crate::vendored::sundown::__rt::shutdown(self, ::core::option::Option::None)
            .await
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
    pub(crate) async fn shutdown_within(
        &mut self,
        timeout: ::core::time::Duration,
    ) -> ::core::result::Result<
        crate::vendored::sundown::Report,
        crate::vendored::sundown::ShutdownError,
    > {
        crate::vendored::sundown::__rt::shutdown(
                self,
                ::core::option::Option::Some(timeout),
            )
            .await
    }
    /// Same as `shutdown`, but blocks this thread until it has ended. Not for async code.
    ///
    /// # Errors
    ///
    /// If a resource did not stop by itself. The error carries the report.
    pub(crate) fn shutdown_blocking(
        &mut self,
    ) -> ::core::result::Result<
        crate::vendored::sundown::Report,
        crate::vendored::sundown::ShutdownError,
    > {
        crate::vendored::sundown::__rt::shutdown_blocking(self)
    }
    /// Runs `f`, then shuts down, however `f` ended.
    ///
    /// # Panics
    ///
    /// A panic of `f` continues after the shutdown.
    pub(crate) async fn with_shutdown<__F, __T>(
        mut self,
        f: __F,
    ) -> (
        __T,
        ::core::result::Result<
            crate::vendored::sundown::Report,
            crate::vendored::sundown::ShutdownError,
        >,
    )
    where
        __F: ::core::ops::AsyncFnOnce(&mut Self) -> __T,
    {
        crate::vendored::sundown::__rt::with_shutdown(self, f).await
    }
    /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
    pub(crate) fn request_shutdown(&self) {
        crate::vendored::sundown::__rt::RequestRoots::request_roots(self);
        crate::vendored::sundown::__rt::request_shutdown(self);
    }
}
///
/// # Shutdown
///
/// Must be shut down, within 5s: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `jobs`
#[must_use = "`Borrowed` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
struct Borrowed<'a> {
    jobs: &'a Tasks,
    parent: Option<&'a Borrowed<'a>>,
    guard: ShutdownGuard<Self>,
}
const _: () = {
    ::sundown::__rt::not_forgotten(
        "parent",
        ::sundown::__rt::search!(Option < & 'static Borrowed < 'static > >),
    );
};
#[doc(hidden)]
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a> ::sundown::__rt::Guarded for Borrowed<'a> {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        &::sundown::__rt::Spec {
            name: "Borrowed",
            timeout: ::core::time::Duration::from_millis(5000),
            is_timeout_written: false,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Borrowed.jobs",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<&'a Tasks>>::JUDGE],
                },
            ],
        }
    };
}
#[doc(hidden)]
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a> ::sundown::__rt::Annotated for Borrowed<'a> {
    const SPEC: &'static ::sundown::__rt::Spec = <Self as ::sundown::__rt::Guarded>::SPEC;
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([::sundown::__rt::resource(&mut self.jobs)]),
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
impl<'a> ::sundown::__rt::RequestRoots for Borrowed<'a> {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.jobs).request();
    }
}
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a> ::sundown::Teardown for Borrowed<'a> {
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
impl<'a> ::core::ops::Drop for Borrowed<'a> {
    fn drop(&mut self) {
        ::sundown::__rt::dropped(self);
    }
}
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl<'a> Borrowed<'a> {
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
