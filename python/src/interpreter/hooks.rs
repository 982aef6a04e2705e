//! Functions of the module's parts that a lower part calls, at a fork or at the exit.

use std::sync::OnceLock;

use pyo3::prelude::*;

/// Functions that are set once and read without a lock.
pub(crate) struct Hooks([OnceLock<Hook>; 8]);

/// A function that is called attached.
pub(crate) type Hook = fn(Python<'_>);

impl Hooks {
    pub(crate) const fn new() -> Self {
        Hooks([const { OnceLock::new() }; 8])
    }

    /// Adds a function, once.
    pub(crate) fn add(&self, hook: Hook) {
        let free = self.0.iter().find(|slot| match slot.get() {
            None => slot.set(hook).is_ok(),
            Some(set) => std::ptr::fn_addr_eq(*set, hook),
        });
        debug_assert!(free.is_some(), "there are as many places as parts of this module");
    }

    pub(crate) fn call(&self, py: Python<'_>) {
        for hook in self.0.iter().filter_map(OnceLock::get) {
            hook(py);
        }
    }
}
