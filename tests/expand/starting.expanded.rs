// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within 5s: call [`shutdown`](Self::shutdown), or run it in [`with_shutdown`](Self::with_shutdown).
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `stop`
/// - `store` after `stop`, by `Store::close`
/// - `held`
#[must_use = "`Runner` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"]
pub struct Runner<T: Send = u8> {
    stop: CancellationToken,
    pub store: Store,
    pub(crate) held: Holder<T>,
    r#type: Option<Box<Self>>,
    guard: ShutdownGuard<Self>,
}
#[doc(hidden)]
#[automatically_derived]
impl<T: Send> ::sundown::__rt::Guarded for Runner<T> {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        ::sundown::__rt::not_forgotten(
            "type",
            ::sundown::__rt::search!(Option < Box < Self > >),
        );
        &::sundown::__rt::Spec {
            name: "Runner",
            timeout: ::core::time::Duration::from_millis(5000),
            is_timeout_written: false,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Runner.stop",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<CancellationToken>>::JUDGE],
                },
                ::sundown::__rt::StepSpec {
                    name: "Runner.store",
                    after: &[0],
                    timeout: ::core::option::Option::None,
                    judges: &[],
                },
                ::sundown::__rt::StepSpec {
                    name: "Runner.held",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Holder<T>>>::JUDGE],
                },
            ],
        }
    };
}
#[doc(hidden)]
#[automatically_derived]
impl<T: Send> ::sundown::__rt::Annotated for Runner<T> {
    const SPEC: &'static ::sundown::__rt::Spec = <Self as ::sundown::__rt::Guarded>::SPEC;
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use ::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([
                ::sundown::__rt::resource(&mut self.stop),
                ::sundown::__rt::Step::custom(
                    &mut self.store,
                    |value, progress| {
                        ::sundown::__rt::Operations(value).request(progress)
                    },
                    |value, _| {
                        let function = Store::close;
                        ::std::boxed::Box::pin(
                            ::sundown::__rt::closing(move || function(
                                ::sundown::__rt::passing(function, value).pass(),
                            )),
                        )
                    },
                    |value, progress| ::sundown::__rt::Operations(value).force(progress),
                ),
                ::sundown::__rt::Step::new(&mut self.held),
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
impl<T: Send> ::sundown::__rt::RequestRoots for Runner<T> {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.stop).request();
        ::sundown::__rt::RequestByRef(&self.held).request();
    }
}
#[automatically_derived]
impl<T: Send> ::sundown::Teardown for Runner<T> {
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
impl<T: Send> ::core::ops::Drop for Runner<T> {
    fn drop(&mut self) {
        ::sundown::__rt::dropped(self);
    }
}
#[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
impl<T: Send> Runner<T> {
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
    pub async fn shutdown_within(
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
    pub fn shutdown_blocking(
        &mut self,
    ) -> ::core::result::Result<::sundown::Report, ::sundown::ShutdownError> {
        ::sundown::__rt::shutdown_blocking(self)
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
        ::sundown::__rt::with_shutdown(self, f).await
    }
    /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
    pub fn request_shutdown(&self) {
        ::sundown::__rt::RequestRoots::request_roots(self);
        ::sundown::__rt::request_shutdown(self);
    }
}
#[doc(hidden)]
#[allow(
    dead_code,
    missing_debug_implementations,
    unnameable_types,
    unreachable_pub,
    single_use_lifetimes
)]
#[allow(non_camel_case_types)]
#[allow(
    clippy::future_not_send,
    clippy::type_complexity,
    clippy::needless_pass_by_value
)]
const _: () = {
    /// The fields, as far as they are set.
    pub struct __RunnerFields<T: Send> {
        stop: ::sundown::__rt::Started<CancellationToken>,
        pub store: ::sundown::__rt::Started<Store>,
        pub(crate) held: ::sundown::__rt::Started<Holder<T>>,
        r#type: ::sundown::__rt::Started<Option<Box<Runner<T>>>>,
        guard: ::sundown::__rt::Started<ShutdownGuard<Runner<T>>>,
    }
    /// Sets the fields of a value, one after the other. Dropped before it is finished, it shuts down what it has.
    #[must_use = "the next field is set on what this returns; dropped, it shuts down what it has"]
    pub struct __RunnerStarting<
        T: Send,
        __state_stop,
        __state_store,
        __state_held,
        __state_type,
    >(
        ::sundown::__rt::Starting<Runner<T>>,
        ::core::marker::PhantomData<
            fn() -> (__state_stop, __state_store, __state_held, __state_type),
        >,
    );
    impl<
        T: Send,
        __state_stop,
        __state_store,
        __state_held,
        __state_type,
    > ::core::ops::Deref
    for __RunnerStarting<T, __state_stop, __state_store, __state_held, __state_type> {
        type Target = __RunnerFields<T>;
        fn deref(&self) -> &Self::Target {
            self.0.fields()
        }
    }
    impl<
        T: Send,
        __state_stop,
        __state_store,
        __state_held,
        __state_type,
    > ::core::ops::DerefMut
    for __RunnerStarting<T, __state_stop, __state_store, __state_held, __state_type> {
        fn deref_mut(&mut self) -> &mut Self::Target {
            self.0.fields_mut()
        }
    }
    #[diagnostic::on_unimplemented(
        message = "field `stop` is set twice",
        label = "it was set before",
        note = "remove one of the two"
    )]
    pub trait __IsUnset_stop {}
    impl __IsUnset_stop for ::sundown::__rt::Unset {}
    #[diagnostic::on_unimplemented(
        message = "field `stop` is not set",
        label = "a field is missing",
        note = "call `start.stop(…)` before `finish`"
    )]
    pub trait __IsSet_stop {}
    impl __IsSet_stop for ::sundown::__rt::Set {}
    #[diagnostic::on_unimplemented(
        message = "field `store` is set twice",
        label = "it was set before",
        note = "remove one of the two"
    )]
    pub trait __IsUnset_store {}
    impl __IsUnset_store for ::sundown::__rt::Unset {}
    #[diagnostic::on_unimplemented(
        message = "field `store` is not set",
        label = "a field is missing",
        note = "call `start.store(…)` before `finish`"
    )]
    pub trait __IsSet_store {}
    impl __IsSet_store for ::sundown::__rt::Set {}
    #[diagnostic::on_unimplemented(
        message = "field `held` is set twice",
        label = "it was set before",
        note = "remove one of the two"
    )]
    pub trait __IsUnset_held {}
    impl __IsUnset_held for ::sundown::__rt::Unset {}
    #[diagnostic::on_unimplemented(
        message = "field `held` is not set",
        label = "a field is missing",
        note = "call `start.held(…)` before `finish`"
    )]
    pub trait __IsSet_held {}
    impl __IsSet_held for ::sundown::__rt::Set {}
    #[diagnostic::on_unimplemented(
        message = "field `type` is set twice",
        label = "it was set before",
        note = "remove one of the two"
    )]
    pub trait __IsUnset_type {}
    impl __IsUnset_type for ::sundown::__rt::Unset {}
    #[diagnostic::on_unimplemented(
        message = "field `type` is not set",
        label = "a field is missing",
        note = "call `start.type(…)` before `finish`"
    )]
    pub trait __IsSet_type {}
    impl __IsSet_type for ::sundown::__rt::Set {}
    #[automatically_derived]
    impl<T: Send> ::sundown::__rt::Startable for Runner<T> {
        type Fields = __RunnerFields<T>;
        fn steps(
            fields: &mut Self::Fields,
        ) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
            #[allow(unused_imports)]
            use ::sundown::__rt::{
                ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
                PassValue as _, UnknownWait as _,
            };
            ::sundown::__rt::steps(
                ::std::boxed::Box::new([
                    ::sundown::__rt::started(
                        &mut fields.stop,
                        |field| ::sundown::__rt::resource(field),
                    ),
                    ::sundown::__rt::started(
                        &mut fields.store,
                        |field| ::sundown::__rt::Step::custom(
                            field,
                            |value, progress| {
                                ::sundown::__rt::Operations(value).request(progress)
                            },
                            |value, _| {
                                let function = Store::close;
                                ::std::boxed::Box::pin(
                                    ::sundown::__rt::closing(move || function(
                                        ::sundown::__rt::passing(function, value).pass(),
                                    )),
                                )
                            },
                            |value, progress| {
                                ::sundown::__rt::Operations(value).force(progress)
                            },
                        ),
                    ),
                    ::sundown::__rt::started_here(
                        &mut fields.held,
                        |field| ::sundown::__rt::Step::new(field),
                    ),
                ]),
            )
        }
        fn entry(fields: &Self::Fields) -> &::std::sync::Arc<::sundown::__rt::Entry> {
            ::sundown::__rt::entry::<Self>(&fields.guard)
        }
    }
    impl<T: Send> Runner<T> {
        /// Begins the start of a value: each field is set by a method of its name, in any order, and `finish` makes
        /// the value. What is set can be used: `start.store.clone()`.
        ///
        /// Dropped before it is finished, as by a `?`, it shuts down what it has, in the order and within the budget
        /// of the value: on a background thread, or here, if `on_drop = "wait"` and this thread may wait.
        #[track_caller]
        fn starting() -> __RunnerStarting<
            T,
            ::sundown::__rt::Unset,
            ::sundown::__rt::Unset,
            ::sundown::__rt::Unset,
            ::sundown::__rt::Unset,
        > {
            let fields = __RunnerFields {
                stop: ::sundown::__rt::Started::unset("Runner.stop"),
                store: ::sundown::__rt::Started::unset("Runner.store"),
                held: ::sundown::__rt::Started::unset("Runner.held"),
                r#type: ::sundown::__rt::Started::unset("Runner.type"),
                guard: ::sundown::__rt::Started::guard("Runner.guard"),
            };
            __RunnerStarting(
                ::sundown::__rt::Starting::new(fields),
                ::core::marker::PhantomData,
            )
        }
        /// Starts a value by `f`, which gets what [`starting`](Self::starting) returns. If `f` fails, this shuts down
        /// what it has set by then, and waits for it.
        ///
        /// # Errors
        ///
        /// The error of `f`, with the report of the shutdown.
        ///
        /// # Panics
        ///
        /// A panic of `f` continues after the shutdown.
        ///
        /// # Cancel safety
        ///
        /// If the future is dropped half-way, so is the start: see [`starting`](Self::starting).
        #[track_caller]
        fn starting_with<__F, __E>(
            f: __F,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self, ::sundown::StartError>,
        >
        where
            __F: ::core::ops::AsyncFnOnce(
                __RunnerStarting<
                    T,
                    ::sundown::__rt::Unset,
                    ::sundown::__rt::Unset,
                    ::sundown::__rt::Unset,
                    ::sundown::__rt::Unset,
                >,
            ) -> ::core::result::Result<Self, __E>,
            __E: ::core::convert::Into<
                ::std::boxed::Box<
                    dyn ::core::error::Error + ::core::marker::Send + ::core::marker::Sync,
                >,
            >,
        {
            let mut start = Self::starting();
            ::sundown::__rt::starting_with(start.0.home(), start, f)
        }
    }
    impl<
        T: Send,
        __state_stop,
        __state_store,
        __state_held,
        __state_type,
    > __RunnerStarting<T, __state_stop, __state_store, __state_held, __state_type> {
        /// Sets the field `stop`, once.
        fn stop(
            mut self,
            value: CancellationToken,
        ) -> __RunnerStarting<
            T,
            ::sundown::__rt::Set,
            __state_store,
            __state_held,
            __state_type,
        >
        where
            __state_stop: __IsUnset_stop,
        {
            ::sundown::__rt::Started::set(&mut self.0.fields_mut().stop, value);
            __RunnerStarting(self.0, ::core::marker::PhantomData)
        }
        /// Sets the field `store`, once.
        pub fn store(
            mut self,
            value: Store,
        ) -> __RunnerStarting<
            T,
            __state_stop,
            ::sundown::__rt::Set,
            __state_held,
            __state_type,
        >
        where
            __state_store: __IsUnset_store,
        {
            ::sundown::__rt::Started::set(&mut self.0.fields_mut().store, value);
            __RunnerStarting(self.0, ::core::marker::PhantomData)
        }
        /// Sets the field `held`, once.
        pub(crate) fn held(
            mut self,
            value: Holder<T>,
        ) -> __RunnerStarting<
            T,
            __state_stop,
            __state_store,
            ::sundown::__rt::Set,
            __state_type,
        >
        where
            __state_held: __IsUnset_held,
        {
            ::sundown::__rt::Started::set(&mut self.0.fields_mut().held, value);
            __RunnerStarting(self.0, ::core::marker::PhantomData)
        }
        /// Sets the field `type`, once.
        fn r#type(
            mut self,
            value: Option<Box<Runner<T>>>,
        ) -> __RunnerStarting<
            T,
            __state_stop,
            __state_store,
            __state_held,
            ::sundown::__rt::Set,
        >
        where
            __state_type: __IsUnset_type,
        {
            ::sundown::__rt::Started::set(&mut self.0.fields_mut().r#type, value);
            __RunnerStarting(self.0, ::core::marker::PhantomData)
        }
        /// Makes the value. Nothing may fail after it: the value is one that must be shut down.
        pub fn finish(self) -> Runner<T>
        where
            __state_stop: __IsSet_stop,
            __state_store: __IsSet_store,
            __state_held: __IsSet_held,
            __state_type: __IsSet_type,
        {
            let fields = self.0.finish();
            Runner {
                stop: ::sundown::__rt::Started::into_inner(fields.stop),
                store: ::sundown::__rt::Started::into_inner(fields.store),
                held: ::sundown::__rt::Started::into_inner(fields.held),
                r#type: ::sundown::__rt::Started::into_inner(fields.r#type),
                guard: ::sundown::__rt::Started::into_inner(fields.guard),
            }
        }
    }
};
