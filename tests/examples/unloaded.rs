//! A DLL that is unloaded: see `tests/loader_lock.rs`.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use sundown::{Outcome, Progress, ShutdownGuard, Teardown, Wait, must_shutdown};

/// It never ends, and notes what is done to it. Not a `Spy`, which asks for the name of the thread: std panics over that when
/// the thread's data is gone.
#[derive(Clone, Default)]
struct Endless(Arc<Mutex<Vec<&'static str>>>);

impl Teardown for Endless {
    fn request(&mut self, _: &mut Progress) {
        self.0.lock().unwrap().push("requested");
    }

    fn wait<'a>(&'a mut self, _: &'a mut Progress) -> Wait<'a> {
        self.0.lock().unwrap().push("waited for");
        Box::pin(std::future::pending::<Outcome>())
    }

    fn force(&mut self, _: &mut Progress) {
        self.0.lock().unwrap().push("forced");
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(self.clone()))
    }
}

/// It would wait, on the thread that unloads.
#[must_shutdown(on_drop = "wait", timeout = "100s")]
struct Patient {
    #[shutdown]
    it: Endless,
    guard: ShutdownGuard<Self>,
}

/// It would go to the reaper, whose thread would begin after the code is gone.
#[must_shutdown(on_drop = "log", timeout = "100s")]
struct Handed {
    #[shutdown]
    it: Endless,
    guard: ShutdownGuard<Self>,
}

struct Both {
    patient: Option<Patient>,
    handed: Option<Handed>,
}

impl Both {
    fn new() -> Self {
        let patient = Patient { it: Endless::default(), guard: ShutdownGuard::new() };
        let handed = Handed { it: Endless::default(), guard: ShutdownGuard::new() };
        Both { patient: Some(patient), handed: Some(handed) }
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        let all = [self.patient.as_ref().unwrap().it.clone(), self.handed.as_ref().unwrap().it.clone()];
        self.patient = None;
        self.handed = None;
        let done = all.iter().all(|one| *one.0.lock().unwrap() == ["requested", "forced"]);
        println!("asked and forced: {done}");
    }
}

thread_local!(static KEPT: RefCell<Option<Both>> = const { RefCell::new(None) });

static AT_EXIT: Mutex<Option<Both>> = Mutex::new(None);

/// Makes the values: those of a thread-local of the caller's, and those of an exit handler, which is called when the DLL is
/// unloaded.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "a function of a DLL, and an exit handler")]
pub extern "C" fn keep() {
    extern "C" fn at_exit() {
        drop(AT_EXIT.lock().unwrap().take());
    }
    KEPT.set(Some(Both::new()));
    *AT_EXIT.lock().unwrap() = Some(Both::new());
    // After the first guard: so it is called before sundown knows of the exit by its own handler.
    // SAFETY: the handler lives as long as the DLL, whose handlers run before it is gone.
    assert_eq!(unsafe { libc::atexit(at_exit) }, 0);
}
