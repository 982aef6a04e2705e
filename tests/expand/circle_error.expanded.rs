// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within 5s.
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `first` after `second`
/// - `second` after `first`
#[must_use = "`Circle` must be shut down"]
struct Circle<'a> {
    first: &'a Tasks,
    second: Tasks,
}
::core::compile_error! {
    "`#[must_shutdown]` needs a field of type `ShutdownGuard`\nhelp: add `guard: ShutdownGuard<Self>` and set it to `ShutdownGuard::new()`"
}
::core::compile_error! {
    "field `second` waits for itself\nnote: `second` waits for `first`, and `first` waits for `second`\nhelp: remove `after = first` from `second`"
}
impl<'a> ::sundown::__rt::Guarded for Circle<'a> {
    const SPEC: &'static ::sundown::__rt::Spec = &::sundown::__rt::Spec {
        name: "Circle",
        timeout: ::core::time::Duration::ZERO,
        is_timeout_written: false,
        on_drop: ::core::option::Option::None,
        manual: true,
        steps: &[],
    };
}
impl<'a> ::sundown::__rt::ByHand for Circle<'a> {}
#[derive(Teardown)]
struct Itself {
    #[shutdown(after = jobs)]
    jobs: Tasks,
}
::core::compile_error! {
    "field `jobs` waits for itself\nhelp: remove `after = jobs` from `jobs`"
}
#[allow(unused)]
impl ::sundown::Teardown for Itself {
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
impl ::sundown::__rt::Annotated for Itself {
    const SPEC: &'static ::sundown::__rt::Spec = &::sundown::__rt::Spec {
        name: "Itself",
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
impl ::sundown::__rt::RequestRoots for Itself {
    fn request_roots(&self) {
        ::core::unreachable!("the macro reported errors")
    }
}
