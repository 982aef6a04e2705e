//! Drops while the process or a thread is on its way out, each in a process of its own: a mistake there aborts.

use std::cell::RefCell;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::thread;

use sundown::{ShutdownGuard, must_shutdown};
use sundown_tests::{Spy, What};

/// The loudest policy: it must not be heard where it would abort.
#[must_shutdown(on_drop = "panic", timeout = "20s")]
struct Loud {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

/// The most patient one: it must not wait where nobody can answer.
#[must_shutdown(on_drop = "wait", timeout = "20s")]
struct Patient {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

/// Runs the test called `name` of this file in a process of its own, with `CHILD` set.
fn child(name: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("CHILD", name)
        .output()
        .unwrap()
}

fn is_child(name: &str) -> bool {
    std::env::var("CHILD").is_ok_and(|child| child == name)
}

fn assert_clean(output: &Output, said: &str) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {text}", output.status);
    assert!(text.contains(said), "`{said}` was not printed: {text}");
}

thread_local! {
    static EARLY: RefCell<Option<Loud>> = RefCell::new(Some(loud()));
    static LATE: RefCell<Option<Loud>> = const { RefCell::new(None) };
}

fn loud() -> Loud {
    Loud { spy: Spy::new(), guard: ShutdownGuard::new() }
}

#[test]
fn in_a_thread_local_destructor() {
    if is_child("in_a_thread_local_destructor") {
        thread::spawn(|| {
            // Once with the guard made while the thread-local is initialised, once later: std destroys in the order of
            // registration, last first.
            EARLY.with_borrow(|early| assert!(early.is_some()));
            LATE.with_borrow_mut(|late| *late = Some(loud()));
        })
        .join()
        .unwrap();
        println!("survived");
        return;
    }
    assert_clean(&child("in_a_thread_local_destructor"), "survived");
}

/// The same values, dropped outside a destructor, do panic: the test above would notice a policy that never speaks.
#[test]
fn outside_a_thread_local_destructor() {
    assert!(std::panic::catch_unwind(|| drop(loud())).is_err());
}

static AT_EXIT: Mutex<Option<(Loud, Patient)>> = Mutex::new(None);

#[test]
#[allow(unsafe_code, reason = "std has no exit handlers")]
fn in_an_exit_handler() {
    extern "C" fn handler() {
        let (loud, patient) = AT_EXIT.lock().unwrap().take().unwrap();
        let spies = (loud.spy.clone(), patient.spy.clone());
        drop(loud);
        drop(patient);
        // No thread was started, nothing was waited for: all that can be done now is done.
        let done = [What::Requested, What::Forced];
        println!("asked and forced: {}", spies.0.moves() == done && spies.1.moves() == done);
    }
    if is_child("in_an_exit_handler") {
        // Before the first guard: exit runs the handlers in reverse, so ours has been told by then.
        // SAFETY: the handler is a function that lives as long as the program.
        assert_eq!(unsafe { libc::atexit(handler) }, 0);
        let patient = Patient { spy: Spy::new(), guard: ShutdownGuard::new() };
        *AT_EXIT.lock().unwrap() = Some((loud(), patient));
        // C's, as behind a `main` that returns: std's calls no handlers on Windows.
        // SAFETY: the handlers are ours.
        unsafe { libc::exit(0) };
    }
    assert_clean(&child("in_an_exit_handler"), "asked and forced: true");
}

#[test]
fn at_the_end_of_main_with_the_reaper_at_work() {
    if is_child("at_the_end_of_main_with_the_reaper_at_work") {
        let spy = Spy::new();
        drop(Patient { spy: spy.clone(), guard: ShutdownGuard::new() }.into_log());
        println!("left");
        std::process::exit(0);
    }
    assert_clean(&child("at_the_end_of_main_with_the_reaper_at_work"), "left");
}

/// Handed to the reaper: as `Patient`, but in a value that does not wait.
#[must_shutdown(on_drop = "log", timeout = "20s")]
struct Left {
    #[shutdown]
    patient: Patient,
    guard: ShutdownGuard<Self>,
}

impl Patient {
    fn into_log(self) -> Left {
        Left { patient: self, guard: ShutdownGuard::new() }
    }
}

#[test]
fn the_environment_comes_first() {
    if is_child("the_environment_comes_first") {
        sundown::set_drop_hook(|_| sundown::OnDrop::Panic);
        drop(loud());
        println!("only logged");
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_environment_comes_first", "--nocapture"])
        .env("CHILD", "the_environment_comes_first")
        .env("SUNDOWN_ON_DROP", "log")
        .output()
        .unwrap();
    assert_clean(&output, "only logged");
}
