//! What a bridge numbers.

use std::sync::atomic::{AtomicU32, Ordering};

use slab::Slab;

/// A slab whose keys are never used again.
#[derive(Debug)]
pub(super) struct Keyed<T> {
    entries: Slab<(u32, T)>,
}

/// The turns of all slabs: a future whose bridge was replaced by another finds nothing there.
static TURNS: AtomicU32 = AtomicU32::new(1);

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Keyed { entries: Slab::new() }
    }
}

impl<T> Keyed<T> {
    pub(super) fn insert(&mut self, value: T) -> u64 {
        let turn = TURNS.fetch_add(1, Ordering::Relaxed);
        let index = self.entries.insert((turn, value));
        u64::from(turn) << 32 | index as u64
    }

    fn index(&self, key: u64) -> Option<usize> {
        let index = (key & u64::from(u32::MAX)) as usize;
        self.entries.get(index).filter(|(turn, _)| u64::from(*turn) == key >> 32).map(|_| index)
    }

    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut T> {
        let index = self.index(key)?;
        self.entries.get_mut(index).map(|(_, value)| value)
    }

    pub(super) fn remove(&mut self, key: u64) -> Option<T> {
        let index = self.index(key)?;
        let (_, value) = self.entries.remove(index);
        if self.entries.is_empty() && self.entries.capacity() > 1024 {
            // A burst leaves no lasting memory behind.
            self.entries = Slab::new();
        }
        Some(value)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, (_, value))| value)
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.entries.into_iter().map(|(_, (_, value))| value)
    }
}
