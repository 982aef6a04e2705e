//! Failures, as a supervisor hears of them: of the tasks of a `Tasks`, and of the members of a `Group`.

use std::collections::VecDeque;

use crate::sync::modelled::{Mutex, lock};
use crate::sync::waiters::{self, Awaited, Waiters, Waiting};

/// The number of failures that are kept for a supervisor who comes later. The report has the others.
const KEPT: usize = 16;

/// The failures that nobody has heard of yet.
pub(super) struct Fresh<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    failures: VecDeque<T>,
    waiters: Waiters,
}

impl<T> Fresh<T> {
    pub(super) fn new() -> Self {
        Fresh { state: Mutex::new(State { failures: VecDeque::new(), waiters: Waiters::new() }) }
    }

    /// Something has failed.
    pub(super) fn add(&self, failure: T) {
        let (_oldest, woken) = {
            let mut state = lock(&self.state);
            let oldest = if state.failures.len() == KEPT { state.failures.pop_front() } else { None };
            state.failures.push_back(failure);
            (oldest, state.waiters.take())
        };
        waiters::wake(woken);
    }

    /// The next failure; each is for one who waits. May be dropped and called again.
    pub(super) async fn next(&self) -> T {
        loop {
            Waiting::new(&self.state).await;
            // Another one may have been faster.
            let next = lock(&self.state).failures.pop_front();
            if let Some(failure) = next {
                return failure;
            }
        }
    }
}

impl<T> Awaited for State<T> {
    type Output = ();

    fn output(&self) -> Option<()> {
        (!self.failures.is_empty()).then_some(())
    }

    fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    #[test]
    fn each_failure_is_heard_once() {
        loom::model(|| {
            let fresh = Arc::new(Fresh::new());
            let adders: Vec<_> = (0..2)
                .map(|_| {
                    let fresh = Arc::clone(&fresh);
                    thread::spawn(move || fresh.add(()))
                })
                .collect();
            for _ in 0..2 {
                loom::future::block_on(fresh.next());
            }
            assert!(lock(&fresh.state).failures.is_empty());
            adders.into_iter().for_each(|adder| adder.join().unwrap());
        });
    }
}
