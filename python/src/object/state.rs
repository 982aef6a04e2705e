//! The state of a Python object that owns resources.

use std::any::{Any, TypeId};
use std::fmt;
use std::future::Future as _;
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pyo3::prelude::*;
use sundown::{Progress, Report, ShutdownError, Teardown, Wait};

use crate::error::OrRaise as _;
use crate::internal::driver::{Driver, RuntimeContext};
use crate::internal::observe;
use crate::internal::plan::Step;
use crate::internal::sync::lock;
use crate::internal::value::entry::{Entry, Extension};
use crate::internal::value::nodes::Registered;
use crate::internal::value::run::{Plan, guarded_force, guarded_request, guarded_wait, teardown};
use crate::interpreter::exit::{self, Live};
use crate::interpreter::{block_on, gate, panics};
use crate::object::futures::{self, Futures};
use crate::object::handle::ResourceHandle;
use crate::runtime::{self, Runtime};

/// What tears a Python object down: its guard's entry, and clones of its resource handles.
pub(crate) struct Object {
    pub(super) entry: Arc<Entry>,
    pub(super) class: TypeId,
    /// In the order of the spec.
    handles: Vec<ResourceHandle>,
    /// The thread that an `unsendable` value must stay on.
    pub(super) thread: ThreadId,
    /// Made where the object was, while tracemalloc traces: it knows the place in Python.
    pub(super) witness: Mutex<Option<Py<PyAny>>>,
    /// The exit finds it by its entry.
    _registered: Option<Registered>,
}

/// What an [`Entry`] knows of its object. A value that is not in a Python object has none.
#[derive(Default)]
pub(crate) struct ObjectState {
    /// Its shutdown has begun.
    closed: AtomicBool,
    /// Where the value was seen last; 0 if it was not.
    pub(super) address: AtomicUsize,
    object: Mutex<Option<Arc<Object>>>,
    /// What the guard has spawned. Made while it is open, and below the lock of `object`.
    futures: OnceLock<Futures>,
}

impl ObjectState {
    pub(super) fn of(entry: &Entry) -> &Self {
        entry.extension()
    }

    pub(super) fn object(&self) -> Option<Arc<Object>> {
        lock(&self.object).clone()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Where the guard's futures are spawned; none if its shutdown has begun. Never one that the shutdown does not see:
    /// either this sees that it has begun, or it sees this.
    pub(super) fn futures(&self, location: &'static Location<'static>) -> Option<&Futures> {
        if let Some(futures) = self.futures.get() {
            return Some(futures);
        }
        let _open = lock(&self.object);
        (!self.is_closed()).then(|| self.futures.get_or_init(|| Futures::at(location)))
    }

    /// What a method looks at first.
    pub(super) fn is_open_at(&self, address: usize) -> bool {
        !self.is_closed() && self.address.load(Ordering::Relaxed) == address
    }
}

impl Extension for ObjectState {
    fn stopping(&self) {
        let _open = lock(&self.object);
        self.closed.store(true, Ordering::Release);
    }

    fn gone(&self) {
        let object = lock(&self.object).take();
        drop(object);
    }

    fn at_exit(&self) -> Option<Box<dyn Any>> {
        Some(exit::stopped_at_exit(self.object()?))
    }
}

impl Object {
    /// The object of an entry, made at first use, of a value of type `class`.
    pub(super) fn of(entry: &Arc<Entry>, class: TypeId, handles: impl FnOnce() -> Vec<ResourceHandle>) -> Arc<Self> {
        if let Some(object) = ObjectState::of(entry).object() {
            return object;
        }
        // The clones are a user's, and not made under the lock.
        let made = Arc::new(Object {
            entry: Arc::clone(entry),
            class,
            handles: handles(),
            thread: thread::current().id(),
            witness: Mutex::new(None),
            _registered: entry.register_for_exit(),
        });
        // Of two that are made at the same time one is dropped here, and not under the lock.
        Arc::clone(lock(&ObjectState::of(entry).object).get_or_insert_with(|| Arc::clone(&made)))
    }

    pub(super) fn name(&self) -> &'static str {
        self.entry.spec.name
    }

    pub(super) fn has_ended(&self) -> bool {
        self.entry.has_result()
    }

    /// Begins the shutdown: the steps are what it has by then.
    fn plan<'a>(&self) -> Plan<'a> {
        self.entry.begin();
        let steps = self.handles.iter().map(|handle| Step::owned(handle.teardown()));
        match ObjectState::of(&self.entry).futures.get() {
            None => Plan { spec: self.entry.spec, steps: steps.collect() },
            Some(futures) => {
                let futures = Step::owned(Box::new(futures.clone()));
                Plan { spec: futures::spec(self.entry.spec), steps: steps.chain([futures]).collect() }
            }
        }
    }

    /// The tokio runtime that the steps are polled in: the one around the constructor, or else the object's own, or else the
    /// module-wide one, if there is one.
    fn context(&self) -> RuntimeContext {
        if !self.entry.context.is_none() {
            return self.entry.context.clone();
        }
        let own = self.handles.iter().find_map(ResourceHandle::runtime).and_then(Runtime::tokio);
        own.or_else(|| runtime::made()?.tokio()).map(RuntimeContext::of).unwrap_or_default()
    }

    /// A whole teardown of it, whose alarms are `driver`'s.
    pub(super) async fn teardown(
        &self,
        timeout: Option<Duration>,
        driver: &Arc<Driver>,
    ) -> Result<Report, ShutdownError> {
        let teardown = teardown(&self.entry, self.plan(), timeout, driver);
        self.context().enter(observe::in_span(self.name(), teardown)).await
    }

    /// Ends it in one poll of its teardown, on this thread, if nothing of it runs. False if there is something to wait for:
    /// then another teardown goes on where this one stopped.
    ///
    /// Not attached: subscribers of tracing may wait for a lock whose owner waits for the interpreter.
    pub(super) fn settle(&self) -> bool {
        if !self.handles.iter().all(ResourceHandle::is_idle) {
            return false;
        }
        let driver = Driver::blocking();
        let teardown = pin!(self.teardown(None, &driver));
        let polled = panics::catch(|| teardown.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        polled.unwrap_or(false)
    }

    /// Requests and forces what has not ended, and waits for nothing.
    pub(super) fn force(&self) {
        let mut progress = Progress::new(self.name());
        guarded_request(&self.entry, self.plan(), &progress);
        guarded_force(&self.entry, self.plan(), &mut progress);
    }

    /// Closed by its user: no warning will need the place in Python.
    pub(super) fn forget_witness(&self) {
        // Not dropped below the lock: a drop of a Python object may run Python.
        let witness = lock(&self.witness).take();
        drop(witness);
    }

    pub(super) fn close(&self, py: Python<'_>, timeout: Option<Duration>) -> PyResult<()> {
        self.forget_witness();
        if self.has_ended() {
            return Ok(());
        }
        let Some(_pass) = gate::enter() else {
            // The interpreter is about to end: this thread may not come back from a wait.
            self.force();
            return Ok(());
        };
        let driver = Driver::blocking();
        block_on::teardown(py, &driver, self.teardown(timeout, &driver))?.map(drop).or_raise()
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
        guarded_request(&self.0.entry, self.0.plan(), progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let object = &self.0;
            object.context().enter(guarded_wait(Arc::clone(&object.entry), object.plan(), progress)).await
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        guarded_force(&self.0.entry, self.0.plan(), progress);
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
        if self.entry.is_open() {
            self.handles.iter().filter_map(ResourceHandle::live_id).collect()
        } else {
            Vec::new()
        }
    }

    fn fields(&self) -> Vec<(&'static str, usize)> {
        let fields = self.entry.spec.steps.iter().zip(&self.handles);
        fields.filter_map(|(step, handle)| Some((step.name, handle.live_id()?))).collect()
    }
}
