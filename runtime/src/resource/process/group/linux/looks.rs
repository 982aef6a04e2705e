//! Looks at all of `/proc`, each for everybody who asked before it began.
//!
//! There is no list of the processes of a group: who wants to know must read the state of every process there is, which
//! takes milliseconds. Of 400 children that are waited for together, and that end together, each would do that twice.
//! So they ask, and one of them looks for all: 400 children stop in 0.5 s instead of 20 s, on a busy machine.
//!
//! Invariants:
//! 1. What a look has seen is given only to those who asked before it began: no process that was there when they asked, and
//!    still is, is missing.
//! 2. One thread looks at a time; those who asked meanwhile wait for the next look, which one of them takes. Nothing of a
//!    user's runs under the lock.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::sync::lock;

/// Those who ask one thing, by the looks that answer them.
pub(super) struct Looks<T> {
    /// How many have asked.
    asked: AtomicU64,
    last: Mutex<Option<Last<T>>>,
    #[cfg(test)]
    pub(super) count: AtomicU64,
    look: fn() -> io::Result<T>,
}

struct Last<T> {
    /// Everybody who had asked when it began.
    for_all_up_to: u64,
    ended: Instant,
    seen: Arc<T>,
}

/// A question, to be answered by a look that has not begun yet.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Asked(u64);

/// Hundreds are killed within this time.
const RECENT: Duration = Duration::from_millis(10);

impl<T> Looks<T> {
    pub(super) fn new(look: fn() -> io::Result<T>) -> Self {
        Looks {
            asked: AtomicU64::new(0),
            last: Mutex::new(None),
            #[cfg(test)]
            count: AtomicU64::new(0),
            look,
        }
    }

    pub(super) fn ask(&self) -> Asked {
        Asked(self.asked.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Looks, unless somebody has looked since this was asked.
    pub(super) fn since(&self, asked: &Asked) -> io::Result<Arc<T>> {
        self.unless(|last| last.for_all_up_to >= asked.0)
    }

    /// What there was a moment ago, or is now.
    pub(super) fn recent(&self) -> io::Result<Arc<T>> {
        // From its end on: where it takes long, those who come one after the other would else look once each.
        self.unless(|last| last.ended.elapsed() < RECENT)
    }

    /// What the last look has seen, if that will do; else what there is now.
    fn unless(&self, will_do: impl FnOnce(&Last<T>) -> bool) -> io::Result<Arc<T>> {
        let mut last = lock(&self.last);
        if let Some(last) = last.as_ref().filter(|last| will_do(last)) {
            return Ok(Arc::clone(&last.seen));
        }
        #[cfg(test)]
        self.count.fetch_add(1, Ordering::SeqCst);
        let for_all_up_to = self.asked.load(Ordering::SeqCst);
        let seen = Arc::new((self.look)()?);
        *last = Some(Last { for_all_up_to, ended: Instant::now(), seen: Arc::clone(&seen) });
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_for_those_who_asked_before_it() {
        let looks = Looks::new(|| Ok(()));
        let first = looks.since(&looks.ask()).unwrap();
        // Nobody had asked then: it is not for one who asks now.
        let (one, other) = (looks.ask(), looks.ask());
        let second = looks.since(&one).unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        // The other one who had asked gets the same.
        assert!(Arc::ptr_eq(&second, &looks.since(&other).unwrap()));
        assert!(!Arc::ptr_eq(&second, &looks.since(&looks.ask()).unwrap()));
    }

    /// Those who kill one after the other share it, however long it took.
    #[test]
    fn a_look_that_takes_long_is_shared_too() {
        let looks = Looks::new(|| {
            std::thread::sleep(2 * RECENT);
            Ok(())
        });
        for _ in 0..10 {
            looks.recent().unwrap();
        }
        let count = looks.count.load(Ordering::SeqCst);
        assert!(count < 10, "each has its own"); // one, unless this thread waits for a processor
    }

    #[test]
    fn a_look_that_fails_is_the_answer_to_one_alone() {
        static FAILS: AtomicU64 = AtomicU64::new(1);
        let looks = Looks::new(|| match FAILS.swap(0, Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err(io::Error::other("no")),
        });
        let (one, other) = (looks.ask(), looks.ask());
        looks.since(&one).unwrap_err();
        looks.since(&other).unwrap();
    }
}
