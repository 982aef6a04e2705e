//! A slab that never moves what it holds.
//!
//! It grows by pages, where the crate `slab` would copy everything into an allocation twice as large: that costs a spawn a
//! sixth more when there are many tasks, and up to half of the memory would be spare.

/// The size of the first page. Each one after it is twice as large, up to `LAST`.
const FIRST: usize = 4;
/// The size of the largest pages.
const LAST: usize = FIRST << DOUBLINGS;
const DOUBLINGS: usize = 8;
/// The number of values in the pages before the first that is as large as `LAST`.
const SMALLER: usize = FIRST * ((1 << DOUBLINGS) - 1);

/// Values by a key that is used again once its value was removed.
#[derive(Debug)]
pub(super) struct Slots<T> {
    /// A page is full before the next one is made.
    pages: Vec<Vec<Slot<T>>>,
    /// The key of the first vacant slot; none if all are taken.
    vacant: Option<usize>,
    used: usize,
    len: usize,
}

#[derive(Debug)]
enum Slot<T> {
    Taken(T),
    /// The key of the next vacant slot.
    Vacant(Option<usize>),
}

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Slots { pages: Vec::new(), vacant: None, used: 0, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, value: T) -> usize {
        self.len += 1;
        if let Some(key) = self.vacant {
            let (page, at) = place(key);
            let slot = &mut self.pages[page][at];
            if let Slot::Vacant(next) = slot {
                self.vacant = *next;
            }
            *slot = Slot::Taken(value);
            return key;
        }
        let key = self.used;
        let (page, _) = place(key);
        if page == self.pages.len() {
            self.pages.push(Vec::with_capacity(size(page)));
        }
        self.pages[page].push(Slot::Taken(value));
        self.used += 1;
        key
    }

    pub(super) fn get(&self, key: usize) -> Option<&T> {
        let (page, at) = place(key);
        match self.pages.get(page)?.get(at)? {
            Slot::Taken(value) => Some(value),
            Slot::Vacant(_) => None,
        }
    }

    pub(super) fn get_mut(&mut self, key: usize) -> Option<&mut T> {
        let (page, at) = place(key);
        match self.pages.get_mut(page)?.get_mut(at)? {
            Slot::Taken(value) => Some(value),
            Slot::Vacant(_) => None,
        }
    }

    pub(super) fn remove(&mut self, key: usize) -> Option<T> {
        let (page, at) = place(key);
        let slot = self.pages.get_mut(page)?.get_mut(at)?;
        match std::mem::replace(slot, Slot::Vacant(self.vacant)) {
            Slot::Taken(value) => {
                self.vacant = Some(key);
                self.len -= 1;
                Some(value)
            }
            vacant => {
                *slot = vacant;
                None
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flatten().filter_map(|slot| match slot {
            Slot::Taken(value) => Some(value),
            Slot::Vacant(_) => None,
        })
    }

    /// Each value with its key.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut T)> {
        self.pages.iter_mut().flatten().enumerate().filter_map(|(key, slot)| match slot {
            Slot::Taken(value) => Some((key, value)),
            Slot::Vacant(_) => None,
        })
    }
}

/// The page of a key, and the place in it.
fn place(key: usize) -> (usize, usize) {
    if key >= SMALLER {
        let beyond = key - SMALLER;
        return (DOUBLINGS + beyond / LAST, beyond % LAST);
    }
    let page = (key / FIRST + 1).ilog2() as usize;
    (page, key - FIRST * ((1 << page) - 1))
}

fn size(page: usize) -> usize {
    FIRST << page.min(DOUBLINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_count_through_the_pages() {
        let keys: Vec<_> = (0..5 * LAST).map(place).collect();
        assert_eq!(keys[..5], [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]);
        let mut next = (0, 0);
        for key in keys {
            assert_eq!(key, next);
            next = if next.1 + 1 == size(next.0) { (next.0 + 1, 0) } else { (next.0, next.1 + 1) };
        }
        assert!(next.0 > DOUBLINGS + 1, "the largest pages were reached");
    }

    #[test]
    fn a_key_is_used_again_and_only_then() {
        let mut slots = Slots::new();
        let keys: Vec<_> = (0..50).map(|i| slots.insert(i)).collect();
        assert_eq!(keys, (0..50).collect::<Vec<_>>());
        assert_eq!((slots.remove(7), slots.remove(7), slots.remove(30)), (Some(7), None, Some(30)));
        assert_eq!((slots.get(7), slots.get(30), slots.get(31), slots.get(1000)), (None, None, Some(&31), None));
        assert_eq!((slots.len(), slots.iter().count()), (48, 48));
        assert_eq!((slots.insert(130), slots.insert(107), slots.insert(50)), (30, 7, 50));
        assert!(slots.iter_mut().all(|(key, value)| *value % 100 == key));
        assert_eq!(slots.get_mut(50), Some(&mut 50));
    }
}
