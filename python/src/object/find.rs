//! From a value, or a Python object, to what tears it down.

use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use pyo3::PyClass;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::interpreter::exceptions::{self, ShutdownError};
use crate::object::addresses;
use crate::object::class::Class;
use crate::object::state::{Object, ObjectState};

pub(super) fn address_of<T>(value: &T) -> usize {
    std::ptr::from_ref(value) as usize
}

/// The object of a value, made at first use.
pub(super) fn object_of<T: Class>(value: &T) -> Arc<Object> {
    Object::of(value.entry(), TypeId::of::<T>(), || value.handles())
}

/// As [`object_of`], and records where the value is: for a call that cannot borrow it.
pub(super) fn located<T: Class>(value: &T) -> Arc<Object> {
    let object = object_of(value);
    let address = address_of(value);
    let before = ObjectState::of(&object.entry).address.swap(address, Ordering::Relaxed);
    if before != address {
        addresses::forget(before, &object);
        addresses::record(address, &object);
    }
    object
}

/// The object of a Python object, borrowed or not.
pub(super) fn find<T: Class + PyClass>(object: &Bound<'_, T>) -> PyResult<Arc<Object>> {
    if T::UNSENDABLE
        && let Some(found) = addresses::find(object)?
        && found.thread != thread::current().id()
    {
        // PyO3 panics over a look at it; the handles may be used on any thread.
        return Ok(found);
    }
    if let Ok(value) = object.try_borrow() {
        // Nothing inherited is locked.
        return if value.entry().is_inherited() { Err(forked_err(T::SPEC.name)) } else { Ok(located(&*value)) };
    }
    addresses::find(object)?.ok_or_else(|| {
        let name = T::SPEC.name;
        PyRuntimeError::new_err(format!("`{name}` is borrowed by a call that has just begun: try again"))
    })
}

/// The objects of a Python object: that of its class, and those of its annotated base classes.
pub(super) fn find_all<T: Class + PyClass>(object: &Bound<'_, T>) -> PyResult<Vec<Arc<Object>>> {
    let mut all = vec![find(object)?];
    all.extend(T::bases(object)?.0);
    Ok(all)
}

/// The error of a call on an object of the parent process.
#[cold]
pub(super) fn forked_err(name: &str) -> PyErr {
    exceptions::forked_err(&format!("`{name}`"))
}

/// The error of a call on an object that is closed.
#[cold]
pub(super) fn closed_err(name: &str) -> PyErr {
    ShutdownError::new_err(format!("`{name}` is closed"))
}
