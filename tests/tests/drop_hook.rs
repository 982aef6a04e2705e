//! The hook that decides over drops. It is the process's, so the tests run one at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use sundown::{Dropped, OnDrop, ShutdownGuard, must_shutdown};
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
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
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
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
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

/// With the policy that is the default.
#[must_shutdown(timeout = "2s")]
struct Connected {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

impl Connected {
    /// Fails, or panics, after it has made the guard.
    fn connect(make: impl FnOnce() -> Result<Spy, &'static str>) -> Result<Self, &'static str> {
        let guard = ShutdownGuard::new();
        Ok(Connected { spy: make()?, guard })
    }
}

/// What the hook sees of `Connected` while `make` runs; it answers with `policy`, or with what would happen without it.
fn seen(policy: Option<OnDrop>, make: impl FnOnce()) -> Vec<Dropped> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (tell, told) = mpsc::channel();
    sundown::set_drop_hook(move |dropped| {
        if !dropped.type_name.ends_with("Connected") {
            return dropped.policy;
        }
        tell.send(dropped.clone()).unwrap();
        policy.unwrap_or(dropped.policy)
    });
    make();
    sundown::clear_drop_hook();
    told.try_iter().collect()
}

#[test]
fn a_constructor_that_fails_after_it_made_the_guard_is_told() {
    let dropped = seen(None, || {
        let failed = Connected::connect(|| Err("no connection")).err();
        assert_eq!(failed, Some("no connection"), "no panic buries the error, in debug builds too");
    });
    let [dropped] = &dropped[..] else { panic!("once: {dropped:?}") };
    assert_eq!(dropped.policy, OnDrop::Log);
    let text = dropped.to_string();
    for part in ["Connected`", "drop_hook.rs:", "without its value", "constructor that failed", "make the guard last"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn a_constructor_that_panics_after_it_made_the_guard_is_told_and_the_panic_goes_on() {
    let dropped = seen(Some(OnDrop::Panic), || {
        let failed = catch_unwind(|| Connected::connect(|| panic!("in the constructor")).is_ok());
        let payload = failed.expect_err("it panics");
        assert_eq!(payload.downcast_ref(), Some(&"in the constructor"), "a second panic would have aborted");
    });
    assert_eq!(dropped.len(), 1, "{dropped:?}");
}

#[test]
fn a_policy_that_is_asked_for_panics_where_only_the_guard_was_made() {
    let dropped = seen(Some(OnDrop::Panic), || {
        let guard = ShutdownGuard::<Connected>::new();
        let payload = catch_unwind(AssertUnwindSafe(|| drop(guard))).expect_err("the hook said so");
        assert!(payload.downcast_ref::<String>().unwrap().contains("without its value"));
    });
    assert_eq!(dropped.len(), 1, "{dropped:?}");
}

/// Of a value that was complete its own drop tells, or it needs none.
#[test]
fn the_guard_of_a_complete_value_tells_nothing_more() {
    let dropped = seen(Some(OnDrop::Log), || drop(Connected::connect(|| Ok(Spy::new())).unwrap()));
    assert!(matches!(&dropped[..], [dropped] if dropped.to_string().contains("`shutdown().await`")), "{dropped:?}");
    let dropped = seen(Some(OnDrop::Log), || {
        let mut stopped = Connected::connect(|| Ok(Spy::released())).unwrap();
        stopped.shutdown_blocking().unwrap();
        drop(stopped);
        Connected::connect(|| Ok(Spy::new())).unwrap().guard.dismiss();
        ShutdownGuard::<Connected>::new().dismiss();
        let nested = Outer { inner: Connected::connect(|| Ok(Spy::new())).unwrap(), guard: ShutdownGuard::new() };
        drop(nested);
    });
    assert!(dropped.is_empty(), "{dropped:?}");
}

#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Outer {
    #[shutdown]
    inner: Connected,
    guard: ShutdownGuard<Self>,
}
