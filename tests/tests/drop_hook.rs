//! The hook that decides over drops. It is the process's, so the tests run one at a time.

use std::sync::{Mutex, mpsc};
use std::thread;

use sundown::{OnDrop, ShutdownGuard, must_shutdown};
use sundown_tests::{GENEROUS, Spy};

static ALONE: Mutex<()> = Mutex::new(());

/// A hook that owns a guarded value.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Logs {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

#[test]
fn a_hook_that_owns_a_guarded_value() {
    let _alone = ALONE.lock().unwrap();
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let owned = Logs { spy: Spy::released(), guard: ShutdownGuard::new() };
        sundown::set_drop_hook(move |dropped| {
            let _ = &owned;
            dropped.policy
        });
        sundown::clear_drop_hook();
        done.send(()).unwrap();
    });
    assert!(ended.recv_timeout(GENEROUS).is_ok(), "`clear_drop_hook` drops the hook under its lock");
}

#[test]
fn the_hook_decides_for_the_process() {
    let _alone = ALONE.lock().unwrap();
    // It answers for its own type only.
    struct Answer(&'static str);
    #[must_shutdown(on_drop = "panic")]
    struct Hooked {
        #[shutdown]
        spy: Spy,
        guard: ShutdownGuard<Self>,
    }
    let (tell, told) = mpsc::channel();
    let answer = Answer("Hooked");
    sundown::set_drop_hook(move |dropped| {
        if dropped.type_name.ends_with(answer.0) {
            tell.send(dropped.policy).unwrap();
            return OnDrop::Log;
        }
        dropped.policy
    });
    drop(Hooked { spy: Spy::new(), guard: ShutdownGuard::new() });
    assert_eq!(told.recv_timeout(GENEROUS), Ok(OnDrop::Panic), "the hook saw the type's own policy, and overruled it");
    sundown::clear_drop_hook();
}
