//! What is called when a thread is requested to stop.
//!
//! Invariants, which the loom models below check:
//! 1. Each hook is called once: by the request, or where it was added if the request came before.
//! 2. The lock is held for a move of the hooks only: they are called and dropped outside of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::sync::modelled::{Mutex, lock};
use crate::sync::quietly;
use crate::teardown::Outcome;

type Hook = Box<dyn FnOnce() + Send>;

pub(super) struct Hooks {
    state: Mutex<State>,
}

struct State {
    /// None once the request has come.
    waiting: Option<Vec<Hook>>,
    /// What became of one that panicked.
    panicked: Option<Outcome>,
}

impl Hooks {
    pub(super) fn new() -> Self {
        Hooks { state: Mutex::new(State { waiting: Some(Vec::new()), panicked: None }) }
    }

    /// Adds a hook. It is given back if the request has come: then it is yet to be [called](Self::call).
    pub(super) fn add(&self, hook: Hook) -> Option<Hook> {
        match &mut lock(&self.state).waiting {
            Some(waiting) => {
                waiting.push(hook);
                None
            }
            None => Some(hook),
        }
    }

    /// The request has come: the hooks that are yet to be called. Empty if it has come before.
    pub(super) fn take(&self) -> Vec<Hook> {
        lock(&self.state).waiting.take().unwrap_or_default()
    }

    /// Calls a hook of the thread called `name`. A panic of it ends here, and is known from an event and from
    /// [`take_panic`](Self::take_panic).
    pub(super) fn call(&self, hook: Hook, name: &str) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
            let outcome = match Outcome::caught(payload) {
                Outcome::Panicked { message } => Outcome::Panicked { message: format!("in `on_stop`: {message}") },
                other => other,
            };
            crate::observe::complain(&format!("thread `{name}` {outcome}"));
            lock(&self.state).panicked.get_or_insert(outcome);
        }
    }

    /// What became of the first hook that panicked, for one report.
    pub(super) fn take_panic(&self) -> Option<Outcome> {
        lock(&self.state).panicked.take()
    }
}

/// What a hook has captured is a user's, and so is its drop.
impl Drop for Hooks {
    fn drop(&mut self) {
        for hook in self.take() {
            quietly(|| drop(hook));
        }
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::thread;

    use super::Hooks;

    #[test]
    fn a_hook_is_called_once_whenever_the_request_comes() {
        loom::model(|| {
            let shared = Arc::new((Hooks::new(), AtomicUsize::new(0)));
            let request = || {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.0.take().into_iter().for_each(|hook| shared.0.call(hook, "t")))
            };
            let requests = [request(), request()];
            let counts = Arc::clone(&shared);
            let hook = Box::new(move || {
                counts.1.fetch_add(1, Ordering::Relaxed);
            });
            if let Some(hook) = shared.0.add(hook) {
                shared.0.call(hook, "t");
            }
            requests.into_iter().for_each(|request| request.join().unwrap());
            assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        });
    }
}
