#[cfg_attr(feature = "serde", derive(Serialize))]
#[must_shutdown(timeout = "4s")]
pub(super) struct Watcher {
    #[cfg(any(unix, target_os = "wasi"))]
    #[cfg(feature = "signals")]
    #[shutdown]
    signals: Signals,
    #[cfg_attr(all(unix, feature = "signals"), allow(dead_code), shutdown(after = signals, timeout = "1s"))]
    events: Events,
    guard: ShutdownGuard<Self>,
}
