//! The bridge between Rust tasks and one event loop.
//!
//! Completions cross by queue: a task that ends pushes its number and its result, and wakes the loop at most once per
//! batch; the loop's thread, in [`glue.py`](glue), takes the batch and resolves the Python futures. A task holds
//! numbers only, so that nothing of Python's is dropped on a worker, and a worker never attaches for us.
//!
//! Invariants:
//! 1. A Python future that waits for Rust is in `futures` until the loop's thread takes its completion, it is cancelled, or
//!    the bridge is closed. Its key is never used again, so that a late completion finds nothing.
//! 2. A Rust future that waits for Python is in `replies` until it was answered or dropped.
//! 3. The bridge is closed when its [`LoopBridge`] is freed, which a reader of the loop owns (`Keeper` in `glue.py`):
//!    a loop that is closed lets go of its readers. Nothing gets in afterwards.
//! 4. What the bridge has of Python's, futures, awaitables, tasks and the functions of callbacks, belongs to the
//!    [`LoopBridge`] in the eyes of the garbage collector, because it refers to the loop: a loop that is dropped and not
//!    closed is collected with it. So it changes on threads that are attached only (see [`replies`]), and no task owns
//!    any of it.
//! 5. The descriptor is closed with the last owner of the bridge, which is never earlier than the end of the loop's
//!    selector: the number of a registered descriptor is not used again.

mod awaits;
pub(super) mod finished;
pub(super) mod glue;
pub(super) mod item_sender;
mod keyed;
mod replies;
mod wakeup;

use std::cell::RefCell;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use tokio::task::AbortHandle;

use crate::bridge::awaits::Awaits;
use crate::bridge::finished::Finished;
use crate::bridge::keyed::Keyed;
pub(super) use crate::bridge::replies::{Answer, Asked};
use crate::bridge::replies::{Begin, Replies};
use crate::bridge::wakeup::Wakeup;
use crate::internal::host::fork::{self, PerProcess};
use crate::internal::sync::lock;
use crate::internal::sync::mailbox::Mailbox;
use crate::interpreter::intern::interned;
use crate::interpreter::panics::{self, Panic};
use crate::interpreter::sockets::Number;
use crate::interpreter::{closing, gate};

#[derive(Debug)]
pub(super) struct Bridge {
    mailbox: Mailbox<Op>,
    wakeup: Wakeup,
    futures: Mutex<Keyed<Awaiting>>,
    replies: Replies,
    awaits: Awaits,
    callables: Mutex<Keyed<Callable>>,
    closed: AtomicBool,
    generation: u32,
    /// A thread's that serves callbacks, not a loop's.
    is_threads: bool,
}

/// What crosses from Rust to the loop's thread.
#[derive(Debug)]
pub(super) enum Op {
    /// A Rust future has ended.
    Completed(u64, Completion),
    /// Rust wants the awaitable of this number to be awaited.
    Await(u64),
    /// Rust wants a callable to be called.
    Call { key: u64, call: Box<dyn Call> },
    /// Rust has an error that nobody returns.
    Report { report: Box<dyn Report> },
    /// Rust no longer waits for the task of this number.
    Cancel(u64),
    /// Nothing calls the callable of this number any more.
    Forget(u64),
    /// A callable gets another owner, if that is still there.
    Claim(Weak<dyn Claim>),
}

/// What became of a Rust future.
pub(super) enum Completion {
    Value(Box<dyn Value>),
    Error(PyErr),
    Panic(Panic),
    /// It was dropped before it ended: its runtime was shut down, or the object closed that it belongs to.
    Lost,
}

impl std::fmt::Debug for Completion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Completion::Value(_) => "Value",
            Completion::Error(_) => "Error",
            Completion::Panic(_) => "Panic",
            Completion::Lost => "Lost",
        })
    }
}

/// A result that becomes a Python object on the loop's thread.
pub(super) trait Value: Send {
    fn into_python(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

impl<T: for<'py> IntoPyObject<'py> + Send> Value for T {
    fn into_python(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        pyo3::IntoPyObjectExt::into_py_any(*self, py)
    }
}

/// A callable with its arguments, which become Python objects on the thread that calls it.
pub(super) trait Call: Send + std::fmt::Debug {
    fn callable(&self, py: Python<'_>) -> PyResult<Callable>;
    fn arguments(&mut self, py: Python<'_>) -> PyResult<Py<PyTuple>>;
}

/// An error, and the callable that it is about.
pub(super) trait Report: Send + std::fmt::Debug {
    /// None if the callable is gone.
    fn into_arguments(self: Box<Self>, py: Python<'_>) -> PyResult<Option<Py<PyTuple>>>;
}

/// A Python future that waits for Rust.
#[derive(Debug)]
pub(super) struct Awaiting {
    future: Py<PyAny>,
    context: Option<Py<PyAny>>,
    /// None until the task was spawned.
    task: Option<AbortHandle>,
}

/// What a `Callback` calls.
#[derive(Debug)]
pub(super) struct Callable {
    pub(super) function: Py<PyAny>,
    pub(super) context: Option<Py<PyAny>>,
}

impl Callable {
    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        let context = self.context.as_ref().map(|context| context.clone_ref(py));
        Callable { function: self.function.clone_ref(py), context }
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)?;
        visit.call(self.context.as_ref())
    }
}

/// Who wants to own a callable that a bridge owns.
pub(super) trait Claim: Send + Sync {
    /// Its number; none if it is not a bridge's any more.
    fn key(&self) -> Option<u64>;

    fn take(&self, callable: Callable);

    /// It has other owners now, and gets nothing: it may ask again.
    fn decline(&self);
}

impl Bridge {
    fn new(is_threads: bool) -> io::Result<Self> {
        Ok(Bridge {
            is_threads,
            mailbox: Mailbox::new(),
            wakeup: Wakeup::new()?,
            futures: Mutex::default(),
            replies: Replies::default(),
            awaits: Awaits::default(),
            callables: Mutex::default(),
            closed: AtomicBool::new(false),
            generation: fork::generation(),
        })
    }

    /// The bridge of `event_loop`, made at its first use.
    ///
    /// # Errors
    ///
    /// If the loop is closed or there is no descriptor left.
    pub(super) fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Bridge>> {
        thread_local! {
            /// The last one. A loop that was freed closed its bridge, so that its address may be another's.
            static LAST: RefCell<(usize, Weak<Bridge>)> = const { RefCell::new((0, Weak::new())) };
        }
        let address = event_loop.as_ptr() as usize;
        let last = LAST.with_borrow(|(last, bridge)| if *last == address { bridge.upgrade() } else { None });
        if let Some(bridge) = last.filter(|bridge| bridge.is_open()) {
            return Ok(bridge);
        }
        let py = event_loop.py();
        let make = pyo3::wrap_pyfunction!(make_bridge, py)?;
        let made = glue::get(py)?.bridge_for.bind(py).call1((event_loop, make))?;
        let bridge = made.cast::<LoopBridge>()?.get().bridge()?;
        LAST.set((address, Arc::downgrade(&bridge)));
        Ok(bridge)
    }

    /// For a thread that serves callbacks, not a loop.
    pub(super) fn of_thread(py: Python<'_>, name: &str) -> PyResult<Arc<Bridge>> {
        let made = Bound::new(py, LoopBridge::of(Bridge::new(true)?))?;
        let bridge = made.get().bridge()?;
        glue::get(py)?.start_serving.bind(py).call1((made, name))?;
        Ok(bridge)
    }

    pub(super) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire) && self.is_ours()
    }

    /// Why it takes nothing any more.
    pub(super) fn closed_err(&self) -> PyErr {
        // The first as asyncio says it.
        PyRuntimeError::new_err(if self.is_threads {
            "the thread of the callback has ended"
        } else {
            "Event loop is closed"
        })
    }

    /// Whether it was made by this process. In a forked child it is not touched: a lock of it may be held and never
    /// released, and the descriptor is shared with the parent.
    pub(super) fn is_ours(&self) -> bool {
        self.generation == fork::generation()
    }

    /// Pushes, and wakes the loop if need be. Gives it back if the bridge is closed.
    pub(super) fn push(&self, op: Op) -> Result<(), Op> {
        if !self.is_ours() {
            return Err(op);
        }
        self.mailbox.push(op, || self.wakeup.wake())
    }

    /// Registers a Python future that a task is going to complete.
    pub(super) fn enter(&self, future: Py<PyAny>, context: Option<Py<PyAny>>) -> u64 {
        lock(&self.futures).insert(Awaiting { future, context, task: None })
    }

    /// The task that completes it. If it was cancelled meanwhile, the task is aborted.
    pub(super) fn attach(&self, key: u64, task: AbortHandle) {
        if let Some(awaiting) = lock(&self.futures).get_mut(key) {
            awaiting.task = Some(task);
            return;
        }
        task.abort();
    }

    /// Takes a future out: its task has ended, or none will complete it.
    pub(super) fn leave(&self, key: u64) -> Option<Awaiting> {
        lock(&self.futures).remove(key)
    }

    /// The Python future and its context, while it waits.
    pub(super) fn awaiting(&self, py: Python<'_>, key: u64) -> Option<(Py<PyAny>, Option<Py<PyAny>>)> {
        let mut futures = lock(&self.futures);
        let awaiting = futures.get_mut(key)?;
        Some((awaiting.future.clone_ref(py), awaiting.context.as_ref().map(|context| context.clone_ref(py))))
    }

    /// Whether the Python future is still to be completed.
    pub(super) fn is_awaited(&self, key: u64) -> bool {
        lock(&self.futures).get_mut(key).is_some()
    }

    /// Called by a task that has ended. If nothing waits for it any more, the completion is dropped, and counted.
    pub(super) fn complete(&self, key: u64, completion: Completion) {
        if self.push(Op::Completed(key, completion)).is_err() {
            closing::count_late(1);
        }
    }

    /// Registers a callable: the loop owns it, not those who call it. None if the bridge is closed. On a thread that is
    /// attached.
    pub(super) fn register(&self, py: Python<'_>, callable: &Callable) -> Option<u64> {
        if !self.is_ours() {
            return None;
        }
        let mut callables = lock(&self.callables);
        // Under the lock, which `close` takes when it has set this: nothing comes after it.
        let is_closed = self.closed.load(Ordering::Acquire);
        (!is_closed).then(|| callables.insert(callable.clone_ref(py)))
    }

    /// A callable and its context; none once the bridge is closed.
    pub(super) fn callable(&self, py: Python<'_>, key: u64) -> Option<Callable> {
        lock(&self.callables).get_mut(key).map(|callable| callable.clone_ref(py))
    }

    /// Nothing calls it any more. On any thread.
    pub(super) fn forget(&self, key: u64) {
        // A bridge that is closed has forgotten it.
        let _ = self.push(Op::Forget(key));
    }

    /// Registers that Rust waits for an answer. What is asked for may be of Python's if the caller is attached.
    pub(super) fn expect(&self, answer: Answer, asked: Asked) -> u64 {
        self.replies.insert(answer, asked)
    }

    /// Takes back what was never queued. By the caller of [`expect`](Self::expect).
    pub(super) fn withdraw(&self, key: u64) {
        drop(self.replies.remove(key));
    }

    /// Rust no longer waits: what runs for it is cancelled.
    pub(super) fn give_up(&self, key: u64) {
        if self.is_ours() && self.replies.give_up(key) {
            let _ = self.push(Op::Cancel(key));
        }
    }

    /// Rust no longer waits for what it has shielded, which runs on.
    pub(super) fn release(&self, key: u64) {
        if self.is_ours() {
            self.replies.release(key);
        }
    }

    /// The reply is awaited by the Rust half of the Python future `now`: if that is cancelled, so is what answers.
    pub(super) fn set_awaited_by(&self, key: u64, before: Option<u64>, now: Option<u64>) {
        if self.is_ours() {
            self.awaits.set(key, before, now);
        }
    }

    /// Nothing gets in any more. What waits is let go: the tasks are aborted, the Rust futures get no answer. Returns the
    /// awaitables that never began.
    ///
    /// On a thread that is attached; on any, if it is the bridge of a thread, which has nothing of Python's.
    pub(super) fn close(&self) -> Vec<Py<PyAny>> {
        if !self.is_ours() || self.closed.swap(true, Ordering::AcqRel) {
            return Vec::new();
        }
        let late = self.mailbox.close();
        closing::count_late(late.len() as u64);
        let futures = mem::take(&mut *lock(&self.futures));
        for awaiting in futures.values() {
            if let Some(task) = &awaiting.task {
                task.abort();
            }
        }
        let callables = mem::take(&mut *lock(&self.callables));
        let (mut answers, mut tasks, mut awaitables) = (Vec::new(), Vec::new(), Vec::new());
        for reply in self.replies.take() {
            answers.push(reply.answer);
            match reply.asked {
                Asked::Call => {}
                Asked::Awaitable { awaitable, context } => {
                    awaitables.push(awaitable);
                    tasks.extend(context);
                }
                Asked::Task(begun) => tasks.push(begun.task),
            }
        }
        // A thread that waits for the descriptor sees that it is over.
        self.wakeup.wake();
        drop((late, futures, callables, answers, tasks));
        awaitables
    }

    /// For the garbage collector.
    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        for awaiting in lock(&self.futures).values() {
            visit.call(&awaiting.future)?;
            visit.call(awaiting.context.as_ref())?;
        }
        for callable in lock(&self.callables).values() {
            callable.visit(visit)?;
        }
        self.replies.traverse(visit)
    }
}

/// Closes the coroutines that were to be awaited and never began, as they are closed with their loop. Otherwise CPython
/// would warn that they were never awaited; Rust gets an error instead.
pub(super) fn close_coroutines(py: Python<'_>, awaitables: impl IntoIterator<Item = Py<PyAny>>) {
    let Ok(glue) = glue::get(py) else { return };
    for awaitable in awaitables {
        let awaitable = awaitable.bind(py);
        if awaitable.get_type().is(&glue.coroutine) && has_not_begun(awaitable).unwrap_or(false) {
            // It runs nothing of one that never began.
            let _ = awaitable.call_method0(interned!(py, "close"));
        }
    }
}

/// As `inspect.getcoroutinestate` looks at a coroutine.
fn has_not_begun(coroutine: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = coroutine.py();
    let frame = coroutine.getattr(interned!(py, "cr_frame"))?;
    if frame.is_none() || coroutine.getattr(interned!(py, "cr_running"))?.is_truthy()? {
        return Ok(false);
    }
    match coroutine.getattr_opt(interned!(py, "cr_suspended"))? {
        Some(suspended) => Ok(!suspended.is_truthy()?),
        // Before 3.11.
        None => frame.getattr(interned!(py, "f_lasti"))?.eq(-1),
    }
}

/// A descriptor of the process that is never readable: see `Keeper` in `glue.py`.
static UNREADY: PerProcess<OnceLock<Wakeup>> = PerProcess::new(OnceLock::new);

#[pyo3::pyfunction]
fn make_bridge() -> PyResult<LoopBridge> {
    Ok(LoopBridge::of(Bridge::new(false)?))
}

/// What the loop's thread sees of a bridge. Its methods are leaves: but for conversions of the user's they run no Python.
#[pyclass(frozen, weakref, module = "sundown")]
pub(super) struct LoopBridge {
    /// Always there but in its drop.
    bridge: Option<Arc<Bridge>>,
}

impl LoopBridge {
    fn of(bridge: Bridge) -> Self {
        LoopBridge { bridge: Some(Arc::new(bridge)) }
    }

    fn bridge(&self) -> PyResult<Arc<Bridge>> {
        self.bridge.clone().ok_or_else(|| PyRuntimeError::new_err("the bridge is gone"))
    }

    fn open(&self) -> Option<&Bridge> {
        self.bridge.as_deref().filter(|bridge| bridge.is_open())
    }
}

#[pymethods]
impl LoopBridge {
    #[getter]
    fn descriptor(&self) -> PyResult<Number> {
        Ok(self.bridge()?.wakeup.descriptor())
    }

    #[getter]
    fn unready(&self) -> PyResult<Number> {
        let unready = UNREADY.get();
        if let Some(wakeup) = unready.get() {
            return Ok(wakeup.descriptor());
        }
        let made = Wakeup::new()?;
        Ok(unready.get_or_init(|| made).descriptor())
    }

    #[getter]
    fn closed(&self) -> bool {
        self.open().is_none()
    }

    /// Who watches no descriptor receives the wake-ups from the other end of this socket, which is used under another number
    /// from now on. The first comes at once.
    fn wake_by(&self, socket: Number) -> PyResult<()> {
        Ok(self.bridge()?.wakeup.send_by(socket)?)
    }

    /// Something is left to take. A descriptor that is watched stays readable; who receives the wake-ups gets another.
    fn stay_woken(&self) {
        if let Some(bridge) = self.open().filter(|bridge| bridge.wakeup.is_received()) {
            bridge.wakeup.wake();
        }
    }

    fn close(&self, py: Python<'_>) {
        if let Some(bridge) = self.open() {
            close_coroutines(py, bridge.close());
        }
    }

    /// Fills a `Batch` of `glue.py` with what is next; not if it is over.
    ///
    /// It returns nothing, because a signal's handler may raise as soon as this has returned, and what it returned would
    /// be lost.
    fn take(&self, into: &Bound<'_, PyAny>, limit: usize) -> PyResult<()> {
        let Some(_pass) = gate::enter() else { return Ok(()) };
        let Some(bridge) = self.open() else { return Ok(()) };
        let mut ops = Vec::new();
        let mut emptied = false;
        bridge.mailbox.take(limit, &mut ops, || {
            bridge.wakeup.clear();
            emptied = true;
        });
        bridge.batch(into, ops, !emptied)
    }

    /// The Python future is being cancelled: its task is aborted. The result is what the caller has to cancel: the tasks of
    /// Python's that it waits for.
    fn abort(&self, py: Python<'_>, key: u64) -> Vec<Py<PyAny>> {
        let Some(bridge) = self.open() else { return Vec::new() };
        // Before the task is aborted: a worker then drops at once what it waits for.
        let cancelled = bridge.awaits.of(key).into_iter().map(|reply| bridge.replies.cancel(py, reply));
        let (tasks, answers): (Vec<_>, Vec<_>) = cancelled.unzip();
        if let Some(task) = bridge.leave(key).and_then(|awaiting| awaiting.task) {
            task.abort();
        }
        drop(answers);
        tasks.into_iter().flatten().collect()
    }

    /// Remembers the task that answers, to cancel it; `made` by the bridge, or the user's. False if nothing waits for it.
    fn started(&self, key: u64, task: Py<PyAny>, made: bool) -> bool {
        self.open().is_some_and(|bridge| bridge.replies.started(key, task, made))
    }

    /// What the task is to call when it has ended.
    fn finished(&self, key: u64) -> PyResult<Finished> {
        Ok(Finished::new(&self.bridge()?, key))
    }

    /// The tasks that it has made and that have not ended.
    fn tasks(&self, py: Python<'_>) -> Vec<Py<PyAny>> {
        self.open().map(|bridge| bridge.replies.tasks(py)).unwrap_or_default()
    }

    fn finish(&self, key: u64, value: Bound<'_, PyAny>) {
        self.answer(key, Ok(value));
    }

    /// Whether Rust waits for this answer.
    fn expects(&self, key: u64) -> bool {
        self.open().is_some_and(|bridge| bridge.replies.expects(key))
    }

    /// Whether nobody else will see the error: Rust no longer waits for what it has shielded.
    fn fail(&self, key: u64, error: Bound<'_, PyAny>) -> bool {
        self.answer(key, Err(PyErr::from_value(error)))
    }

    /// What the loop's side owns. Not an inherited bridge's: its locks are not touched.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.bridge.as_deref().filter(|bridge| bridge.is_ours()) {
            Some(bridge) => bridge.traverse(&visit),
            None => Ok(()),
        }
    }

    /// Its loop is garbage.
    fn __clear__(&self, py: Python<'_>) {
        self.close(py);
    }
}

impl LoopBridge {
    fn answer(&self, key: u64, result: PyResult<Bound<'_, PyAny>>) -> bool {
        // It may convert, which may run Python.
        let Some(_pass) = gate::enter() else { return false };
        self.open().is_some_and(|bridge| bridge.answer(key, result))
    }
}

impl Drop for LoopBridge {
    fn drop(&mut self) {
        let Some(bridge) = self.bridge.take() else { return };
        if bridge.is_ours() {
            let awaitables = bridge.close();
            if !awaitables.is_empty() {
                // An object of Python's is freed by a thread that is attached.
                Python::attach(|py| close_coroutines(py, awaitables));
            }
        } else {
            // The parent's: its tasks hold resources that must not be dropped here.
            mem::forget(bridge);
        }
    }
}

/// key (None: nobody waits), function or awaitable, arguments (None: await it; or cancel it, if nobody waits), context
type Order = (Option<u64>, Py<PyAny>, Option<Py<PyTuple>>, Option<Py<PyAny>>);

impl Bridge {
    /// Makes Python objects of a batch.
    fn batch(&self, into: &Bound<'_, PyAny>, ops: Vec<Op>, more: bool) -> PyResult<()> {
        let py = into.py();
        let (mut futures, mut values) = (Vec::with_capacity(ops.len()), Vec::with_capacity(ops.len()));
        let (mut failed, mut errors, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        let mut calls: Vec<Order> = Vec::new();
        for op in ops {
            match op {
                Op::Completed(key, completion) => {
                    let Some(awaiting) = self.leave(key) else {
                        closing::count_late(1);
                        drop_of_users(completion);
                        continue;
                    };
                    if matches!(completion, Completion::Lost) {
                        lost.push(awaiting.future.clone_ref(py));
                    }
                    match completion.into_python(py) {
                        Ok(value) => {
                            futures.push(awaiting.future);
                            values.push(value);
                        }
                        Err(Some(error)) => {
                            failed.push(awaiting.future);
                            errors.push(panics::exception(py, error));
                        }
                        // What waits while the interpreter exits is frozen with it. Freed, its task would complain.
                        Err(None) => mem::forget(awaiting),
                    }
                }
                // Of what Rust has dropped meanwhile nothing begins.
                Op::Await(key) => match self.replies.begin(key) {
                    Some(Begin::Now { awaitable, context }) => calls.push((Some(key), awaitable, None, context)),
                    Some(Begin::Never { awaitable }) => calls.push((None, awaitable, None, None)),
                    None => {}
                },
                Op::Call { key, call } if !self.replies.expects(key) => drop_of_users(call),
                Op::Call { key, mut call } => {
                    match panics::catch_err(|| Ok((call.callable(py)?, call.arguments(py)?))) {
                        Ok((Callable { function, context }, arguments)) => {
                            calls.push((Some(key), function, Some(arguments), context));
                        }
                        Err(error) => drop(self.answer(key, Err(error))),
                    }
                }
                Op::Report { report } => {
                    if let Some(report) = report.into_arguments(py)? {
                        calls.push((None, glue::get(py)?.report.clone_ref(py), Some(report), None));
                    }
                }
                Op::Cancel(key) => {
                    if let Some(task) = self.replies.cancel_task(py, key) {
                        calls.push((None, task, None, None));
                    }
                }
                Op::Forget(key) => {
                    let removed = lock(&self.callables).remove(key);
                    if let Some(Callable { function, context }) = removed {
                        // Python drops them: a `__del__` may run.
                        calls.push((None, (function, context).into_pyobject(py)?.into_any().unbind(), None, None));
                    }
                }
                Op::Claim(claim) => {
                    let Some(claim) = claim.upgrade() else { continue };
                    // Besides this one.
                    if Arc::strong_count(&claim) > 2 {
                        claim.decline();
                    } else {
                        let callable = claim.key().and_then(|key| lock(&self.callables).remove(key));
                        callable.into_iter().for_each(|callable| claim.take(callable));
                    }
                    drop_of_users(claim);
                }
            }
        }
        into.setattr(interned!(py, "more"), more)?;
        into.setattr(interned!(py, "futures"), PyList::new(py, futures)?)?;
        into.setattr(interned!(py, "values"), PyList::new(py, values)?)?;
        into.setattr(interned!(py, "failed"), PyList::new(py, failed)?)?;
        into.setattr(interned!(py, "errors"), PyList::new(py, errors)?)?;
        into.setattr(interned!(py, "lost"), PyList::new(py, lost)?)?;
        into.setattr(interned!(py, "calls"), PyList::new(py, calls)?.try_iter()?)
    }

    /// Answers what in Rust still waits for it. Whether Rust no longer waits for what it has shielded.
    fn answer(&self, key: u64, result: PyResult<Bound<'_, PyAny>>) -> bool {
        let Some(reply) = self.replies.remove(key) else { return false };
        drop(reply.asked);
        if let Some(answer) = reply.answer {
            answer(result);
        }
        reply.runs_on
    }
}

/// Drops what a user may have written a `Drop` for: a panic of one must not take the rest of a batch with it.
fn drop_of_users<T>(value: T) {
    let _ = panics::catch(|| drop(value));
}

impl Completion {
    /// `Err(None)`: there is nothing to tell.
    fn into_python(self, py: Python<'_>) -> Result<Py<PyAny>, Option<PyErr>> {
        match self {
            Completion::Value(value) => panics::catch_err(|| value.into_python(py)).map_err(Some),
            Completion::Error(error) => Err(Some(error)),
            Completion::Panic(panic) => Err(Some(panic.into_pyerr())),
            Completion::Lost if closing::has_begun() => Err(None),
            Completion::Lost => {
                let message = "the runtime was shut down, or the object closed, before the future was ready";
                Err(Some(crate::interpreter::exceptions::ShutdownError::new_err(message)))
            }
        }
    }
}
