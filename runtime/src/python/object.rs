//! Python objects that own resources: what `#[pyclass_teardown]` stands on.
//!
//! Beside the value there is an [`Object`]: the books of its guard, and clones of its resource handles. Whoever tears it
//! down (`close()`, a drop, the exit) uses these, never the value, which a running `&mut self` method may have borrowed and
//! which may be gone. All share one progress, so that each goes on where the last one stopped, and one report.
//!
//! The object belongs to the guard; the exit knows it weakly.

mod aclose;
mod addresses;
mod class;
mod context;
mod dropped;
mod handle;

use std::any::TypeId;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::PyClass;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::driver::{Driver, RuntimeContext};
use crate::observe;
use crate::plan::Step;
use crate::python::install;
use crate::python::interpreter::exceptions::ShutdownError as PyShutdownError;
use crate::python::interpreter::exit::{self, Live};
use crate::python::interpreter::{block_on, exceptions, gate};
use crate::python::runtime;
use crate::sync::lock;
use crate::teardown::{Progress, Report, ShutdownError, Teardown, Wait};
use crate::value::entry::Entry;
use crate::value::run::{guarded_force, guarded_request, guarded_wait, teardown};

pub use aclose::aclose;
#[doc(hidden)]
pub use class::{
    Annotated, Base, Bases, Class, Kept, Made, Methods, New, NotAnnotated, NotNoted, Noted, PyReceiver, Refuse, closed,
    dropped_value, kept, kept_with, refusal, refusal_bound, refusal_object, running, running_object, shutdown_report,
};
#[doc(hidden)]
pub use context::{aenter, aexit, enter, exit as exit_context};
pub use handle::Handle;

/// Has an object torn down at exit, and by `close()` while a `&mut self` method runs, from now on: for one that was made in
/// Rust. A `#[new]` below `#[pyclass_teardown]` does it by itself, unless it returns a `PyClassInitializer`; so does the
/// first call of most methods. A second call does nothing.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use sundown::python::{Runtime, pyclass_teardown, register};
/// use sundown::ShutdownGuard;
///
/// #[pyclass_teardown]
/// #[pyclass]
/// struct Connection {
///     #[shutdown]
///     runtime: Runtime,
///     guard: ShutdownGuard<Self>,
/// }
///
/// #[pyclass_teardown]
/// #[pymethods]
/// impl Connection {}
///
/// #[pyfunction]
/// fn connect(py: Python<'_>) -> PyResult<Bound<'_, Connection>> {
///     let connection = Bound::new(py, Connection { runtime: Runtime::new()?, guard: ShutdownGuard::new() })?;
///     register(&connection)?;
///     Ok(connection)
/// }
/// # fn main() {}
/// ```
///
/// # Errors
///
/// `RuntimeError` if a method has borrowed the object mutably and none was called before.
pub fn register<T: Methods + PyClass>(object: &Bound<'_, T>) -> PyResult<()> {
    install::ensure(object.py())?;
    find(object).map(drop)
}

/// Closes an object: what the generated `close()` does, for one that is written by hand. Asks, waits for and forces its
/// resources in their order, within `timeout` seconds or the class's own timeout; detached from the interpreter, and on
/// the main thread interrupted by a signal whose handler raises.
///
/// What was closed stays closed: another call does nothing. Two at the same time share one teardown.
///
/// # Errors
///
/// [`ShutdownTimeout`](super::ShutdownTimeout) or [`ShutdownError`](super::ShutdownError) if a resource did not stop by
/// itself; [`ForkedProcessError`](super::ForkedProcessError) in a forked child; `ValueError` for a timeout that is negative
/// or no number; what a handler of a signal raised: then another call goes on.
pub fn close<T: Methods + PyClass>(object: &Bound<'_, T>, timeout: Option<f64>) -> PyResult<()> {
    let timeout = duration(timeout)?;
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut result = Ok(());
    for object_of_class in find_all(object)? {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let closed = object_of_class.close(object.py(), left);
        // One that had to be forced keeps none of the others; whoever interrupts is obeyed.
        if closed.as_ref().is_err_and(|error| !error.is_instance_of::<PyShutdownError>(object.py())) {
            return closed;
        }
        result = result.and(closed);
    }
    result
}

/// A Python object's books, and the handles that it is torn down with.
pub(crate) struct Object {
    entry: Arc<Entry>,
    class: TypeId,
    /// In the order of the spec.
    handles: Vec<Kept>,
    /// The thread that an `unsendable` value must stay on.
    thread: ThreadId,
    /// Made where the object was, while tracemalloc traces: it knows the place in Python.
    witness: Mutex<Option<Py<PyAny>>>,
}

/// What an [`Entry`] knows of its object: none for values of Rust's.
#[derive(Default)]
pub(crate) struct Place {
    /// Its shutdown has begun.
    closed: AtomicBool,
    /// Where the value was seen last; 0 if it was not.
    address: AtomicUsize,
    object: Mutex<Option<Arc<Object>>>,
}

impl Place {
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(crate) fn take(&self) -> Option<Arc<Object>> {
        lock(&self.object).take()
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// What a method looks at first.
    fn is_open_at(&self, address: usize) -> bool {
        !self.is_closed() && self.address.load(Ordering::Relaxed) == address
    }
}

impl Object {
    /// The object of a value, made at first use.
    fn of<T: Class>(value: &T) -> Arc<Self> {
        let entry = value.entry();
        if let Some(object) = &*lock(&entry.object.object) {
            return Arc::clone(object);
        }
        // The clones are a user's, and not made under the lock.
        let made = Arc::new(Object {
            entry: Arc::clone(entry),
            class: TypeId::of::<T>(),
            handles: value.handles(),
            thread: thread::current().id(),
            witness: Mutex::new(None),
        });
        let object = Arc::clone(lock(&entry.object.object).get_or_insert(Arc::clone(&made)));
        if Arc::ptr_eq(&object, &made) {
            let live: Weak<Object> = Arc::downgrade(&object);
            exit::register(live);
        }
        object
    }

    /// As [`of`](Self::of), and remembers where the value is: for whoever cannot borrow it.
    fn noted<T: Class>(value: &T) -> Arc<Self> {
        let object = Self::of(value);
        let address = address_of(value);
        let before = object.entry.object.address.swap(address, Ordering::Relaxed);
        if before != address {
            addresses::forget(before, &object);
            addresses::note(address, &object);
        }
        object
    }

    fn name(&self) -> &'static str {
        self.entry.spec.name
    }

    fn has_ended(&self) -> bool {
        self.entry.result().is_some()
    }

    fn steps<'a>(&self) -> Vec<Step<'a>> {
        self.handles.iter().map(|handle| Step::owned(handle.teardown())).collect()
    }

    /// The tokio runtime that the steps are polled in: the one around the constructor, or else the object's own, or else the
    /// module-wide one, if there is one.
    fn context(&self) -> RuntimeContext {
        if !self.entry.context.is_none() {
            return self.entry.context.clone();
        }
        let own = self.handles.iter().find_map(Kept::runtime).and_then(super::Runtime::tokio);
        own.or_else(|| runtime::made()?.tokio()).map(RuntimeContext::of).unwrap_or_default()
    }

    /// A whole teardown of it, whose alarms are `driver`'s.
    async fn teardown(&self, timeout: Option<Duration>, driver: &Arc<Driver>) -> Result<Report, ShutdownError> {
        let teardown = teardown(&self.entry, self.steps(), timeout, driver);
        self.context().enter(observe::in_span(self.name(), teardown)).await
    }

    /// Asks and forces what has not ended, and waits for nothing.
    fn force(&self) {
        let mut progress = Progress::new(self.name());
        guarded_request(&self.entry, self.steps(), &progress);
        guarded_force(&self.entry, self.steps(), &mut progress);
    }

    fn close(&self, py: Python<'_>, timeout: Option<Duration>) -> PyResult<()> {
        drop(lock(&self.witness).take());
        if self.has_ended() {
            return Ok(());
        }
        let Some(_pass) = gate::enter() else {
            // The interpreter is about to end: this thread may not come back from a wait.
            self.force();
            return Ok(());
        };
        let driver = Driver::blocking();
        block_on::teardown(py, &driver, self.teardown(timeout, &driver))?.map(drop).map_err(PyErr::from)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("entry", &self.entry).finish_non_exhaustive()
    }
}

/// One step for all of it, in its own order and within its own limit.
struct Whole(Arc<Object>);

impl Teardown for Whole {
    fn request(&mut self, progress: &mut Progress) {
        guarded_request(&self.0.entry, self.0.steps(), progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let object = &self.0;
            object.context().enter(guarded_wait(Arc::clone(&object.entry), object.steps(), progress)).await
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        guarded_force(&self.0.entry, self.0.steps(), progress);
    }
}

impl Live for Object {
    fn name(&self) -> String {
        self.name().to_owned()
    }

    fn created(&self) -> &'static Location<'static> {
        self.entry.location
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        self.entry.is_open().then(|| Box::new(Whole(self)) as Box<dyn Teardown + Send>)
    }

    fn owned(&self) -> Vec<usize> {
        if self.entry.is_open() { self.handles.iter().filter_map(Kept::live_id).collect() } else { Vec::new() }
    }
}

fn address_of<T>(value: &T) -> usize {
    std::ptr::from_ref(value) as usize
}

/// The object of a Python object, borrowed or not.
fn find<T: Class + PyClass>(object: &Bound<'_, T>) -> PyResult<Arc<Object>> {
    if T::UNSENDABLE
        && let Some(found) = addresses::find(object)?
        && found.thread != thread::current().id()
    {
        // PyO3 panics over a look at it; the handles may be used on any thread.
        return Ok(found);
    }
    if let Ok(value) = object.try_borrow() {
        // Nothing inherited is locked.
        return if value.entry().is_inherited() { Err(forked_err(T::SPEC.name)) } else { Ok(Object::noted(&*value)) };
    }
    addresses::find(object)?.ok_or_else(|| {
        let name = T::SPEC.name;
        PyRuntimeError::new_err(format!("`{name}` is borrowed by a call that has just begun: try again"))
    })
}

/// The objects of a Python object: that of its class, and those of its annotated base classes.
fn find_all<T: Class + PyClass>(object: &Bound<'_, T>) -> PyResult<Vec<Arc<Object>>> {
    let mut all = vec![find(object)?];
    all.extend(T::bases(object)?.0);
    Ok(all)
}

/// The error of a call on an object of the parent process.
#[cold]
fn forked_err(name: &str) -> PyErr {
    exceptions::forked_err(&format!("`{name}`"))
}

/// The error of a call on an object that is closed.
#[cold]
fn closed_err(name: &str) -> PyErr {
    PyShutdownError::new_err(format!("`{name}` is closed"))
}

fn duration(seconds: Option<f64>) -> PyResult<Option<Duration>> {
    let Some(seconds) = seconds else { return Ok(None) };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(PyValueError::new_err("`timeout` must be a number of seconds, or None"));
    }
    Ok(Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
}
