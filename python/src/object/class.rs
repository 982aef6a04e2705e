//! The traits of an annotated class.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::internal::value::entry::Entry;
use crate::internal::value::guard::Guarded;
use crate::object::handle::ResourceHandle;
use crate::object::state::Object;

/// A class with the attribute on its struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has `#[pyclass_teardown]` on its methods only",
    label = "the struct is not annotated",
    note = "put `#[pyclass_teardown]` above the `#[pyclass]` of `{Self}` too"
)]
pub trait Class: Guarded + Sized + 'static {
    /// Whether the value must stay on its thread.
    const UNSENDABLE: bool;
    /// Whether a drop without `close()` is the normal end, and no reason for a warning.
    const QUIET: bool = false;
    /// The guard's entry.
    fn entry(&self) -> &Arc<Entry>;
    /// Clones of the resource fields, in the order of the spec.
    fn handles(&self) -> Vec<ResourceHandle>;
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

/// A class with the attribute on its methods.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no methods to close it",
    label = "the methods are not annotated",
    note = "put `#[pyclass_teardown]` above the `#[pymethods]` of `{Self}` too, or add an empty block"
)]
pub trait Methods: Class {}
