// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

#[derive(Debug, Teardown)]
#[teardown(timeout = "1m 30s", name = "Parts")]
struct Inner<T> {
    #[shutdown(request = |tx:&Sender<T>|tx.send(Message::Stop), force = Sender::kill)]
    r#type: Sender<T>,
    #[shutdown(after = r#type)]
    jobs: Tasks,
    label: Vec<T>,
}
#[doc(hidden)]
#[automatically_derived]
impl<T> ::sundown::__rt::Annotated for Inner<T> {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        ::sundown::__rt::not_forgotten("label", ::sundown::__rt::search!(Vec < T >));
        &::sundown::__rt::Spec {
            name: "Parts",
            timeout: ::core::time::Duration::from_millis(90000),
            is_timeout_written: true,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Parts.type",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Sender<T>>>::JUDGE],
                },
                ::sundown::__rt::StepSpec {
                    name: "Parts.jobs",
                    after: &[0],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Tasks>>::JUDGE],
                },
            ],
        }
    };
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        #[allow(unused_imports)]
        use ::sundown::__rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _,
            PassValue as _, UnknownWait as _,
        };
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([
                ::sundown::__rt::Step::custom(
                    &mut self.r#type,
                    |value, progress| {
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            ::sundown::__rt::call_ref(
                                value,
                                |tx: &Sender<T>| tx.send(Message::Stop),
                            ),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                    |value, progress| ::sundown::__rt::Waiting(value).wait(progress),
                    |value, progress| {
                        let function = Sender::kill;
                        if let ::core::result::Result::Err(error) = ::sundown::__rt::answer(
                            function(::sundown::__rt::passing(function, value).pass()),
                        ) {
                            ::sundown::__rt::ErrorOf(error).tell(progress);
                        }
                    },
                ),
                ::sundown::__rt::resource(&mut self.jobs),
            ]),
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
impl<T> ::sundown::__rt::RequestRoots for Inner<T> {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestWith(
                ::sundown::__rt::borrowing(
                    &self.r#type,
                    |tx: &Sender<T>| tx.send(Message::Stop),
                ),
                &self.r#type,
            )
            .request();
    }
}
#[automatically_derived]
impl<T> ::sundown::Teardown for Inner<T> {
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
#[derive(Teardown)]
struct Plain {
    #[shutdown]
    jobs: Tasks,
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::Annotated for Plain {
    const SPEC: &'static ::sundown::__rt::Spec = {
        #[allow(unused_imports)]
        use ::sundown::__rt::NoOutput as _;
        &::sundown::__rt::Spec {
            name: "Plain",
            timeout: ::core::time::Duration::from_millis(5000),
            is_timeout_written: false,
            on_drop: ::core::option::Option::None,
            manual: false,
            steps: &[
                ::sundown::__rt::StepSpec {
                    name: "Plain.jobs",
                    after: &[],
                    timeout: ::core::option::Option::None,
                    judges: &[<::sundown::__rt::OutputOf<Tasks>>::JUDGE],
                },
            ],
        }
    };
    fn steps(&mut self) -> ::std::vec::Vec<::sundown::__rt::Step<'_>> {
        ::sundown::__rt::steps(
            ::std::boxed::Box::new([::sundown::__rt::resource(&mut self.jobs)]),
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
impl ::sundown::__rt::RequestRoots for Plain {
    fn request_roots(&self) {
        #[allow(unused_imports)]
        use ::sundown::__rt::{NotByRef as _, NotNested as _};
        ::sundown::__rt::RequestByRef(&self.jobs).request();
    }
}
#[automatically_derived]
impl ::sundown::Teardown for Plain {
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
