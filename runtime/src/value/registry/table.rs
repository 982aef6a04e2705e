//! The registry's table.
//!
//! Invariants, which the loom model below checks:
//! 1. What was inserted is in the table until it is removed, and in every list made in between.
//! 2. The lock is held for the slab's own moves only: nothing of a user's is called or dropped under it.

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

    pub(super) fn all(&self) -> Vec<T> {
        lock(&self.slots).iter().map(|(_, value)| value.clone()).collect()
    }
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
