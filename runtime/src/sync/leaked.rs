//! What a test leaks, because something wants it for `'static`.

use std::any::Any;
use std::sync::Mutex;

use super::lock;

/// Leaks a value, and keeps it where a leak checker finds it: one that it reports is no test's.
pub(crate) fn leaked<T: Send + Sync + 'static>(value: T) -> &'static T {
    static ALL: Mutex<Vec<&'static (dyn Any + Send + Sync)>> = Mutex::new(Vec::new());
    let value: &'static T = Box::leak(Box::new(value));
    lock(&ALL).push(value);
    value
}
