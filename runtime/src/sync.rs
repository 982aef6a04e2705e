//! Locks that do not mind a poisoning, calls that do not mind a panic, the switch to loom's locks, and what is built on
//! locks alone.

pub(crate) mod first_panic;
pub mod gate;
pub mod latch;
#[cfg(all(test, not(sundown_loom)))]
pub(crate) mod leaked;
pub mod mailbox;
mod quietly;
pub(crate) mod slot;
pub(crate) mod waiters;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use quietly::quietly;

/// Locks, also after a panic: no lock of ours is held across user code, so the data is whole, and Drop must not
/// panic over a poisoned lock.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the loom models look at: std's types, or loom's under `--cfg sundown_loom`.
///
/// The switch is our own and not `--cfg loom`, because tokio would follow that one too.
pub(crate) mod modelled {
    #[cfg(not(sundown_loom))]
    pub(crate) use std::sync::atomic::AtomicPtr;
    #[cfg(not(sundown_loom))]
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

    #[cfg(sundown_loom)]
    pub(crate) use loom::sync::atomic::AtomicPtr;
    #[cfg(sundown_loom)]
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

    /// As [`super::lock`].
    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
