//! Why a group does not take a member.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// A member that a [`Group`](crate::Group) did not take. It gives back what was to be added, which still runs.
///
/// `Send`, `Sync` and `'static` for all that can be added.
#[derive(thiserror::Error)]
#[error("{}", if *.is_closed { "the group is closed" } else { "the group has a member of that name" })]
pub struct Refused<T> {
    value: Mutex<T>, // never locked: a lock is `Sync` where what is in it is `Send`
    is_closed: bool,
}

impl<T> Refused<T> {
    pub(super) fn new(value: T, is_closed: bool) -> Self {
        Refused { value: Mutex::new(value), is_closed }
    }

    /// Whether the group is closed; else it has a member of that name.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// What was to be added.
    pub fn into_inner(self) -> T {
        self.value.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("is_closed", &self.is_closed).finish_non_exhaustive()
    }
}
