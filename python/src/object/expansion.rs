//! What the expansion of `#[pyclass_teardown]` calls.

use pyo3::prelude::*;
use pyo3::{Borrowed, PyClass};

use crate::install;
use crate::internal::sync::lock;
use crate::interpreter::attached::if_attached;
use crate::interpreter::exceptions::ForkedProcessError;
use crate::interpreter::raise_soon::ok_or_raise_soon;
use crate::object::class::{Bases, Class, Methods};
use crate::object::dropped;
use crate::object::find::{address_of, closed_err, find, find_all, forked_err, located, object_of};
use crate::object::state::ObjectState;

/// An object, as one of its base class.
pub struct Base<'a, 'py, T>(pub &'a Bound<'py, T>);

/// A base class that is annotated.
pub trait AnnotatedBase {
    /// Its object, and those of its own bases.
    ///
    /// # Errors
    ///
    /// As `find`.
    fn objects(&self) -> PyResult<Bases>;
}

/// A base class that is not.
pub trait ForeignBase {
    /// None.
    ///
    /// # Errors
    ///
    /// None.
    fn objects(&self) -> PyResult<Bases> {
        Ok(Bases(Vec::new()))
    }
}

impl<T: Class + PyClass> AnnotatedBase for Base<'_, '_, T> {
    fn objects(&self) -> PyResult<Bases> {
        find_all(self.0).map(Bases)
    }
}

impl<T> ForeignBase for &Base<'_, '_, T> {}

/// The generated `Drop`.
pub fn dropped_value<T: Class>(value: &T) {
    dropped::dropped(value);
}

/// What a `#[new]` returned, which may have the new value in it.
pub struct NewValue<'a, R>(pub &'a R);

/// A `#[new]` that returned something with the value in it.
pub trait RegisterNew {
    /// Has the value torn down at exit.
    fn register_new(&self);
}

/// A `#[new]` that returned something else: the first call of a method registers the value, or `register` does.
pub trait RegisterLater {
    /// Does nothing.
    fn register_new(&self) {}
}

impl<R: HasNewValue> RegisterNew for NewValue<'_, R> {
    fn register_new(&self) {
        self.0.register_new();
    }
}

impl<R> RegisterLater for &NewValue<'_, R> {}

/// Something with a new value in it.
pub trait HasNewValue {
    /// Has the value torn down at exit.
    fn register_new(&self);
}

impl<T: Class> HasNewValue for T {
    fn register_new(&self) {
        let object = object_of(self);
        // Rust may have called it, on a thread that is not attached: then the first use of the object does this.
        if_attached(|py| {
            ok_or_raise_soon(py, install::ensure(py));
            if let Some(witness) = dropped::witness(py) {
                let before = lock(&object.witness).replace(witness);
                drop(before);
            }
        });
    }
}

impl<T: HasNewValue, E> HasNewValue for Result<T, E> {
    fn register_new(&self) {
        if let Ok(made) = self {
            made.register_new();
        }
    }
}

impl<T: HasNewValue, B> HasNewValue for (T, B) {
    fn register_new(&self) {
        self.0.register_new();
    }
}

/// Why a call of a method is refused; none if it may go on.
#[inline]
pub fn refusal<T: Methods>(value: &T) -> Option<PyErr> {
    let entry = value.entry();
    if ObjectState::of(entry).is_open_at(address_of(value)) && !entry.is_inherited() {
        return None;
    }
    refusal_slowly(value)
}

#[cold]
fn refusal_slowly<T: Class>(value: &T) -> Option<PyErr> {
    let entry = value.entry();
    if entry.is_inherited() {
        return Some(forked_err(T::SPEC.name));
    }
    if ObjectState::of(entry).is_closed() {
        return Some(closed_err(T::SPEC.name));
    }
    located(value);
    None
}

/// As [`refusal`], for the object itself. One that is borrowed and was never located counts as open.
pub fn refusal_bound<T: Methods + PyClass>(object: &Bound<'_, T>) -> Option<PyErr> {
    if !T::UNSENDABLE
        && let Ok(value) = object.try_borrow()
    {
        return refusal(&*value);
    }
    let object = find(object).ok()?;
    ObjectState::of(&object.entry).is_closed().then(|| closed_err(object.name()))
}

/// A method that may not be refused borrows the value mutably from now on.
#[inline]
pub fn running<T: Methods>(value: &T) {
    let entry = value.entry();
    if !ObjectState::of(entry).is_open_at(address_of(value))
        && !entry.is_inherited()
        && !ObjectState::of(entry).is_closed()
    {
        located(value);
    }
}

/// Whether its shutdown has begun.
pub fn closed<T: Methods + PyClass>(object: &Bound<'_, T>) -> PyResult<bool> {
    match find(object) {
        Err(error) if error.is_instance_of::<ForkedProcessError>(object.py()) => Ok(true),
        found => Ok(ObjectState::of(&found?.entry).is_closed()),
    }
}

/// The text of its report, once its shutdown is over.
pub fn shutdown_report<T: Methods + PyClass>(object: &Bound<'_, T>) -> PyResult<Option<String>> {
    Ok(find(object)?.entry.result().map(|result| match result {
        Ok(report) => report.to_string(),
        Err(error) => error.report().to_string(),
    }))
}

/// What a method returns that can say that the object is closed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that the object is closed",
    label = "no `Result` whose error is made from a `PyErr`",
    note = "implement `From<PyErr>` for the error, or opt out with `#[shutdown(unchecked)]`"
)]
pub trait Refuse {
    /// The result that says so.
    fn refuse(error: PyErr) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<PyErr>> Refuse for Result<T, E> {
    fn refuse(error: PyErr) -> Self {
        Err(error.into())
    }
}

/// A Python object, as the first parameter of a method.
pub trait PyReceiver {
    /// The class.
    type Value;
    /// Calls `f` with it.
    fn with<R>(&self, f: impl FnOnce(&Bound<'_, Self::Value>) -> R) -> R;
}

impl<T> PyReceiver for Bound<'_, T> {
    type Value = T;
    fn with<R>(&self, f: impl FnOnce(&Bound<'_, T>) -> R) -> R {
        f(self)
    }
}

impl<T> PyReceiver for Borrowed<'_, '_, T> {
    type Value = T;
    fn with<R>(&self, f: impl FnOnce(&Bound<'_, T>) -> R) -> R {
        f(self)
    }
}

impl<T> PyReceiver for Py<T> {
    type Value = T;
    fn with<R>(&self, f: impl FnOnce(&Bound<'_, T>) -> R) -> R {
        // A method is called attached.
        Python::attach(|py| f(self.bind(py)))
    }
}

impl<O: PyReceiver> PyReceiver for &O {
    type Value = O::Value;
    fn with<R>(&self, f: impl FnOnce(&Bound<'_, O::Value>) -> R) -> R {
        (**self).with(f)
    }
}

/// As [`refusal`], for a method that takes the Python object.
pub fn refusal_object<O: PyReceiver<Value: Methods + PyClass>>(object: &O) -> Option<PyErr> {
    object.with(refusal_bound)
}

/// As [`running`], for a method that takes the Python object: it may be borrowed mutably from now on.
pub fn running_object<O: PyReceiver<Value: Methods + PyClass>>(object: &O) {
    object.with(|object| drop(find(object)));
}
