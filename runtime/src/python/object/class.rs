//! What the expansion of `#[pyclass_teardown]` calls, and the traits that it implements.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{Borrowed, PyClass};

use crate::python::install;
use crate::python::interpreter::exceptions::ForkedProcessError;
use crate::python::object::handle::{self, AnyHandle, Handle, Plain, With};
use crate::python::object::{Object, closed_err, dropped, find, find_all, forked_err};
use crate::python::runtime::Runtime;
use crate::sync::lock;
use crate::teardown::{Progress, Teardown, Wait};
use crate::value::entry::Entry;
use crate::value::guard::Guarded;

/// A class with the attribute on its struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has `#[pyclass_teardown]` on its methods only",
    label = "the struct is not annotated",
    note = "put `#[pyclass_teardown]` above the `#[pyclass]` of `{Self}` too"
)]
pub trait Class: Guarded + Sized + 'static {
    /// Whether the value must stay on its thread.
    const UNSENDABLE: bool;
    /// The guard's entry.
    fn entry(&self) -> &Arc<Entry>;
    /// Clones of the resource fields, in the order of the spec.
    fn handles(&self) -> Vec<Kept>;
    /// The objects of its annotated base classes, the nearest first.
    ///
    /// # Errors
    ///
    /// As `find`.
    fn bases(_object: &Bound<'_, Self>) -> PyResult<Bases> {
        Ok(Bases(Vec::new()))
    }
}

/// The objects of base classes.
pub struct Bases(pub(super) Vec<Arc<Object>>);

/// An object, as one of its base class.
pub struct Base<'a, 'py, T>(pub &'a Bound<'py, T>);

/// A base class that is annotated.
pub trait Annotated {
    /// Its object, and those of its own bases.
    ///
    /// # Errors
    ///
    /// As `find`.
    fn objects(&self) -> PyResult<Bases>;
}

/// A base class that is not.
pub trait NotAnnotated {
    /// None.
    ///
    /// # Errors
    ///
    /// None.
    fn objects(&self) -> PyResult<Bases> {
        Ok(Bases(Vec::new()))
    }
}

impl<T: Class + PyClass> Annotated for Base<'_, '_, T> {
    fn objects(&self) -> PyResult<Bases> {
        find_all(self.0).map(Bases)
    }
}

impl<T> NotAnnotated for &Base<'_, '_, T> {}

/// A class with the attribute on its methods.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no methods to close it",
    label = "the methods are not annotated",
    note = "put `#[pyclass_teardown]` above the `#[pymethods]` of `{Self}` too, or add an empty block"
)]
pub trait Methods: Class {}

/// A resource of an object.
pub struct Kept(Box<dyn AnyHandle>);

impl Kept {
    pub(super) fn teardown(&self) -> Box<dyn Teardown + Send> {
        self.0.teardown()
    }

    pub(super) fn runtime(&self) -> Option<&Runtime> {
        handle::runtime(self.0.as_any())
    }

    pub(super) fn live_id(&self) -> Option<usize> {
        handle::live_id(self.0.as_any())
    }
}

/// A field that makes its type's own moves.
pub fn kept<T: Handle>(field: &T) -> Kept {
    Kept(Box::new(Plain(field.clone())))
}

/// A field with a `with`, an `ask` or a `force`.
pub fn kept_with<T: Cloned>(
    field: &T,
    ask: fn(&mut T, &mut Progress),
    wait: for<'b> fn(&'b mut T, &'b mut Progress) -> Wait<'b>,
    force: fn(&mut T, &mut Progress),
) -> Kept {
    Kept(Box::new(With { value: field.clone(), ask, wait, force }))
}

/// The type of a field with moves that the user named.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handle that a Python class can share with its teardown",
    label = "not a cloneable handle",
    note = "a resource of a Python class must be `Clone`, `Send`, `Sync` and `'static`: `close()` uses a clone"
)]
pub trait Cloned: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Cloned for T {}

/// The generated `Drop`.
pub fn dropped_value<T: Class>(value: &T) {
    dropped::dropped(value);
}

/// What a `#[new]` returned. Of what has a value to look at, it notes the value.
pub struct New<'a, R>(pub &'a R);

/// A `#[new]` that returned something with the value in it.
pub trait Noted {
    /// Has it torn down at exit.
    fn note(&self);
}

/// A `#[new]` that returned something else: it is noted when a method is called, or by `register`.
pub trait NotNoted {
    /// Does nothing.
    fn note(&self) {}
}

impl<R: Made> Noted for New<'_, R> {
    fn note(&self) {
        self.0.note();
    }
}

impl<R> NotNoted for &New<'_, R> {}

/// Something with a new value in it.
pub trait Made {
    /// Has the value torn down at exit.
    fn note(&self);
}

impl<T: Class> Made for T {
    fn note(&self) {
        let object = Object::of(self);
        // Rust may have called it, on a thread that is not attached: then whoever uses the object sees to it.
        crate::python::interpreter::attached::if_attached(|py| {
            let _ = install::ensure(py);
            if let Some(witness) = dropped::witness(py) {
                *lock(&object.witness) = Some(witness);
            }
        });
    }
}

impl<T: Made, E> Made for Result<T, E> {
    fn note(&self) {
        if let Ok(made) = self {
            made.note();
        }
    }
}

impl<T: Made, B> Made for (T, B) {
    fn note(&self) {
        self.0.note();
    }
}

/// Why a call of a method is refused; none if it may go on.
#[inline]
pub fn refusal<T: Methods>(value: &T) -> Option<PyErr> {
    let entry = value.entry();
    if entry.object.is_open_at(super::address_of(value)) && !entry.is_inherited() {
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
    if entry.object.is_closed() {
        return Some(closed_err(T::SPEC.name));
    }
    Object::noted(value);
    None
}

/// As [`refusal`], for the object itself. One that is borrowed and was never noted counts as open.
pub fn refusal_bound<T: Methods + PyClass>(object: &Bound<'_, T>) -> Option<PyErr> {
    if !T::UNSENDABLE
        && let Ok(value) = object.try_borrow()
    {
        return refusal(&*value);
    }
    let object = find(object).ok()?;
    object.entry.object.is_closed().then(|| closed_err(object.name()))
}

/// A method that may not be refused borrows the value mutably from now on.
#[inline]
pub fn running<T: Methods>(value: &T) {
    let entry = value.entry();
    if !entry.object.is_open_at(super::address_of(value)) && !entry.is_inherited() && !entry.object.is_closed() {
        Object::noted(value);
    }
}

/// Whether its shutdown has begun.
pub fn closed<T: Methods + PyClass>(object: &Bound<'_, T>) -> PyResult<bool> {
    match find(object) {
        Err(error) if error.is_instance_of::<ForkedProcessError>(object.py()) => Ok(true),
        found => Ok(found?.entry.object.is_closed()),
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
    label = "its error is not made from a `PyErr`",
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
