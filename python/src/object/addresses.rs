//! Where the values lie that methods run on, so that `close()` finds the object of one that is borrowed.
//!
//! A `&mut self` method records its value before anything else. A value lies inside its Python object, and objects do not
//! overlap: so the value of a class that lies in the memory of an object is that object's. It is forgotten when the value
//! is dropped, which is before its memory is used again.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use pyo3::prelude::*;

use crate::internal::host::fork::PerProcess;
use crate::internal::sync::lock;
use crate::interpreter::intern::interned;
use crate::object::state::Object;

/// A forked child closes nothing of its parent's.
static ADDRESSES: PerProcess<Mutex<BTreeMap<usize, Weak<Object>>>> = PerProcess::new(Mutex::default);

pub(super) fn record(address: usize, object: &Arc<Object>) {
    lock(ADDRESSES.get()).insert(address, Arc::downgrade(object));
}

/// Forgets the address, unless it is another's by now.
pub(super) fn forget(address: usize, object: &Arc<Object>) {
    let mut addresses = lock(ADDRESSES.get());
    if addresses.get(&address).is_some_and(|recorded| recorded.as_ptr() == Arc::as_ptr(object)) {
        addresses.remove(&address);
    }
}

/// The object whose value lies in `object`; none if no method has recorded it.
pub(super) fn find<T: 'static>(object: &Bound<'_, T>) -> PyResult<Option<Arc<Object>>> {
    let size: usize = object.as_any().get_type().getattr(interned!(object.py(), "__basicsize__"))?.extract()?;
    let start = object.as_ptr() as usize;
    let recorded: Vec<_> =
        lock(ADDRESSES.get()).range(start..start + size).map(|(_, recorded)| recorded.clone()).collect();
    Ok(recorded.iter().filter_map(Weak::upgrade).find(|object| object.class == TypeId::of::<T>()))
}
