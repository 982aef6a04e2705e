// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

///
/// # Shutdown
///
/// Must be shut down, within `LIMIT`.
///
/// It stops these resources. Each one waits for those that it comes after:
///
/// - `transport`
#[must_use = "`Connection` must be shut down"]
pub struct Connection<'a, T: Transport, const N: usize> {
    transport: T,
    parent: &'a Tasks,
    buffers: [Vec<u8>; N],
    guard: ShutdownGuard<Self>,
}
#[doc(hidden)]
#[automatically_derived]
#[allow(single_use_lifetimes)]
impl<'a, T: Transport, const N: usize> vendored::__rt::Guarded for Connection<'a, T, N> {
    const SPEC: &'static vendored::__rt::Spec = {
        vendored::__rt::not_forgotten(
            "buffers",
            vendored::__rt::search!([Vec < u8 >; N]),
        );
        &vendored::__rt::Spec {
            name: "Connection",
            timeout: LIMIT,
            is_timeout_written: true,
            on_drop: ::core::option::Option::None,
            manual: true,
            steps: &[
                vendored::__rt::StepSpec {
                    name: "Connection.transport",
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
impl<'a, T: Transport, const N: usize> vendored::__rt::ByHand for Connection<'a, T, N> {}
