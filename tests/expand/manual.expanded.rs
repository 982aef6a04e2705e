// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within 5s.
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `socket`, within 1s
/// - `log` after `socket`
#[must_use = "`Hand` must be shut down"]
pub struct Hand {
    socket: RawFd,
    log: File,
    count: u32,
    guard: ShutdownGuard<Self>,
}
const _: () = {
    ::sundown::__rt::not_forgotten("count", ::sundown::__rt::search!(u32));
};
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::Guarded for Hand {
    const SPEC: &'static ::sundown::__rt::Spec = &::sundown::__rt::Spec {
        name: "Hand",
        timeout: ::core::time::Duration::from_millis(5000),
        is_timeout_written: false,
        on_drop: ::core::option::Option::Some(::sundown::OnDrop::Log),
        manual: true,
        steps: &[
            ::sundown::__rt::StepSpec {
                name: "Hand.socket",
                after: &[],
                timeout: ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(1000),
                ),
                judges: &[],
            },
            ::sundown::__rt::StepSpec {
                name: "Hand.log",
                after: &[0],
                timeout: ::core::option::Option::None,
                judges: &[],
            },
        ],
    };
}
#[doc(hidden)]
#[automatically_derived]
impl ::sundown::__rt::ByHand for Hand {}
