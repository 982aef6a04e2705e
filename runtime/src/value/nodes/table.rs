//! The registry's table.
//!
//! Invariants, which the loom model below checks:
//! 1. What was inserted is in the table until it is removed, and in every list made in between.
//! 2. The lock is held for the slab's own operations only: nothing of a user's is called or dropped under it.

use slab::Slab;

use crate::sync::modelled::{Mutex, lock};

pub(super) struct Table<T> {
    slots: Mutex<Slab<T>>,
}

impl<T: Clone> Table<T> {
    pub(super) fn new() -> Self {
        Table { slots: Mutex::new(Slab::new()) }
    }

    pub(super) fn insert(&self, value: T) -> usize {
        lock(&self.slots).insert(value)
    }

    pub(super) fn remove(&self, key: usize) -> T {
        lock(&self.slots).remove(key)
    }

    /// Removes what `is_over` says of, and returns it, to be dropped by the caller.
    pub(super) fn take(&self, is_over: impl Fn(&T) -> bool) -> Vec<T> {
        take(&mut lock(&self.slots), is_over)
    }

    /// As [`take`](Self::take), whenever the table would grow: so each insertion pays for a constant number of looks.
    pub(super) fn take_if_grown(&self, is_over: impl Fn(&T) -> bool) -> Vec<T> {
        let mut slots = lock(&self.slots);
        if slots.len() == slots.capacity() { take(&mut slots, is_over) } else { Vec::new() }
    }

    pub(super) fn all(&self) -> Vec<T> {
        lock(&self.slots).iter().map(|(_, value)| value.clone()).collect()
    }
}

fn take<T>(slots: &mut Slab<T>, is_over: impl Fn(&T) -> bool) -> Vec<T> {
    let over: Vec<usize> = slots.iter().filter(|(_, value)| is_over(value)).map(|(key, _)| key).collect();
    over.into_iter().map(|key| slots.remove(key)).collect()
}

#[cfg(all(test, sundown_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::Table;

    #[test]
    fn a_registered_value_is_seen_until_it_is_unregistered() {
        loom::model(|| {
            let table = Arc::new(Table::new());
            let key = table.insert(1);
            let other = {
                let table = Arc::clone(&table);
                thread::spawn(move || {
                    let key = table.insert(2);
                    assert!(table.all().contains(&2));
                    assert_eq!(table.remove(key), 2);
                    assert!(!table.all().contains(&2));
                })
            };
            assert!(table.all().contains(&1));
            assert_eq!(table.remove(key), 1);
            other.join().unwrap();
            assert!(table.all().is_empty());
        });
    }
}
