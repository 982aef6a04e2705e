//! The hook that decides over drops. It is the process's.

use std::sync::mpsc;
use std::thread;

use sundown::{ShutdownGuard, must_shutdown};
use sundown_tests::{GENEROUS, Spy};

fn released() -> Spy {
    let spy = Spy::new();
    spy.release();
    spy
}

/// 5. A hook that owns a guarded value.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Logs {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

/// 5.
#[test]
fn a_hook_that_owns_a_guarded_value() {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let owned = Logs { spy: released(), guard: ShutdownGuard::new() };
        sundown::set_drop_hook(move |dropped| {
            let _ = &owned;
            dropped.policy
        });
        sundown::clear_drop_hook();
        done.send(()).unwrap();
    });
    assert!(ended.recv_timeout(GENEROUS).is_ok(), "`clear_drop_hook` drops the hook under its lock");
}
