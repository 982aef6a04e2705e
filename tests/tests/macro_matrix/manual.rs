//! `#[must_shutdown(manual)]`: guard, registry, lint and docs, and nothing else.

use std::time::Duration;

use sundown::{OnDrop, Outcome, Phase, Report, ShutdownError, ShutdownGuard, must_shutdown};

/// Its fields need not be resources.
#[must_shutdown(manual, timeout = "2s", on_drop = "log")]
struct Hand<T> {
    #[shutdown]
    descriptor: i32,
    #[shutdown(after = descriptor, timeout = "1s")]
    value: T,
    guard: ShutdownGuard<Self>,
}

impl<T> Hand<T> {
    /// Nothing of this name is generated.
    async fn shutdown(&mut self) -> Result<Report, ShutdownError> {
        self.descriptor = -1;
        self.guard.finish(Report::new("Hand").step("Hand.descriptor", Outcome::Stopped, Duration::ZERO))
    }

    /// Without a `Drop`, fields can be moved out.
    fn into_value(self) -> T {
        self.guard.dismiss();
        self.value
    }
}

#[tokio::test]
async fn settled_by_hand() {
    let mut hand = Hand { descriptor: 3, value: "x", guard: ShutdownGuard::new() };
    assert!(hand.shutdown().await.unwrap().is_clean());
    assert_eq!(hand.guard.phase(), Phase::Finished);
}

#[test]
fn dismissed() {
    assert_eq!(Hand { descriptor: 3, value: "x", guard: ShutdownGuard::new() }.into_value(), "x");
}

#[test]
fn the_spec_is_there() {
    let spec = <Hand<u8> as sundown::__rt::Guarded>::SPEC;
    assert_eq!((spec.name, spec.timeout, spec.manual), ("Hand", Duration::from_secs(2), true));
    assert_eq!(spec.on_drop, Some(OnDrop::Log));
    assert_eq!(spec.steps.iter().map(|step| step.name).collect::<Vec<_>>(), ["Hand.descriptor", "Hand.value"]);
}
