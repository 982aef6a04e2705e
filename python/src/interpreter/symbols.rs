//! Functions that are looked for by name, in what the process has loaded: no header that is supported has them.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

#[cfg(unix)]
use unix as host;
#[cfg(windows)]
use windows as host;

/// A function, once it was found. Not a cell that is held while somebody looks: a fork may come just then.
pub(crate) struct Symbol {
    names: &'static [&'static CStr],
    found: AtomicPtr<c_void>,
}

impl Symbol {
    /// It has one of these names.
    pub(crate) const fn new(names: &'static [&'static CStr]) -> Self {
        Symbol { names, found: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Its address; null if there is none.
    pub(crate) fn address(&self) -> *mut c_void {
        let mut found = self.found.load(Ordering::Relaxed);
        if found.is_null() {
            let mut addresses = self.names.iter().map(|name| host::find(name));
            found = addresses.find(|address| !address.is_null()).unwrap_or(ptr::null_mut());
            self.found.store(found, Ordering::Relaxed);
        }
        found
    }
}
