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

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::host::fork::PerProcess;
use crate::sync::lock;

/// The processes that were seen, by group.
#[derive(Default)]
pub(super) struct Seen(HashMap<u32, Vec<i32>>);

impl Seen {
    fn now() -> io::Result<Self> {
        let mut seen = Seen::default();
        for stat in super::stats()? {
            seen.0.entry(stat.group).or_default().push(stat.pid);
        }
        Ok(seen)
    }

    /// The ids of those that were in the group.
    pub(super) fn members(&self, group: u32) -> &[i32] {
        self.0.get(&group).map_or(&[], Vec::as_slice)
    }
}

/// A question, to be answered by a look that has not begun yet.
pub(in super::super) struct Asked(u64);

impl Asked {
    pub(in super::super) fn now() -> Self {
        Asked(LOOKS.get().asked.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Looks, unless somebody has looked since this was asked.
    pub(super) fn look(self) -> io::Result<Arc<Seen>> {
        LOOKS.get().look(|last| last.for_all_up_to >= self.0)
    }
}

/// What there was a moment ago, or is now.
pub(super) fn recent() -> io::Result<Arc<Seen>> {
    LOOKS.get().look(|last| last.began.is_some_and(|began| began.elapsed() < RECENT))
}

/// Hundreds are killed within this time.
const RECENT: Duration = Duration::from_millis(10);

static LOOKS: PerProcess<Looks> = PerProcess::new(Looks::default);

#[derive(Default)]
struct Looks {
    /// How many have asked.
    asked: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// Everybody who had asked when it began.
    for_all_up_to: u64,
    began: Option<Instant>,
    seen: Arc<Seen>,
}

impl Looks {
    /// What the last look has seen, if that will do; else what there is now.
    fn look(&self, will_do: impl FnOnce(&Last) -> bool) -> io::Result<Arc<Seen>> {
        let mut last = lock(&self.last);
        if !will_do(&last) {
            let (for_all_up_to, began) = (self.asked.load(Ordering::SeqCst), Some(Instant::now()));
            *last = Last { for_all_up_to, began, seen: Arc::new(Seen::now()?) };
        }
        Ok(Arc::clone(&last.seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_for_those_who_asked_before_it() {
        let own = super::super::stat(std::process::id().try_into().unwrap()).unwrap();
        let looks = Looks::default();
        let first = looks.look(|last| last.for_all_up_to >= 1).unwrap();
        assert!(first.members(own.group).contains(&own.pid));
        // Nobody had asked then: it is not for one who asks now.
        assert_eq!(looks.asked.fetch_add(2, Ordering::SeqCst), 0);
        let second = looks.look(|last| last.for_all_up_to >= 1).unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        // The other one who had asked gets the same.
        assert!(Arc::ptr_eq(&second, &looks.look(|last| last.for_all_up_to >= 2).unwrap()));
        assert_eq!(looks.asked.fetch_add(1, Ordering::SeqCst), 2);
        assert!(!Arc::ptr_eq(&second, &looks.look(|last| last.for_all_up_to >= 3).unwrap()));
    }
}
