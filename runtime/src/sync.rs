//! The locks and counters that the loom models look at: std's, or loom's under `--cfg sundown_loom`.
//!
//! The switch is our own and not `--cfg loom`, because tokio would follow that one too.

#[cfg(not(sundown_loom))]
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard};

#[cfg(sundown_loom)]
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Locks, whoever panicked before: no lock of ours is held across user code, so the data is whole, and Drop must not
/// panic over a poisoned lock (rule 9 of the design).
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
