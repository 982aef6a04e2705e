//! The state of a loop that its thread and its handles share. Neither waits for the other here.
//!
//! Invariants:
//! 1. A call begins only while the loop is open: `begin` fails once `closing` is set, and `closing` is never reset.
//! 2. A call is in `calls` from before it is sent until it has ended, or until Rust dropped it before it began. A call that
//!    Rust no longer waits for does not begin.
//! 3. `stopping` is set by the loop's own thread, when it takes the command: then nothing blocks the loop.
//! 4. `drained`, `closed` and `gone` are set in this order and never reset. The thread's last destructor sets all that are
//!    left, however the thread ends; if it never entered, that of its `Begin` in Python does.
//! 5. The bridge is there until the loop is closed. Nothing is sent to a loop afterwards.
//! 6. A loop gives its slot of the [stop queue](super::stop_queue) back when it is closed, and in any case when its thread
//!    ends.
//! 7. No lock is held while Python, a waker or the queue runs, and no method waits.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use pyo3::prelude::*;

use crate::bridge::{self, Bridge};
use crate::event_loop::stop_queue::{self, QueueState};
use crate::internal::host::user_threads::{current_ident, current_tid};
use crate::internal::sync::latch::Latch;
use crate::internal::sync::{lock, quietly};
use crate::interpreter::exceptions::ShutdownError;

/// The number of tasks that are named; the others are counted.
const NAMED: usize = 10;

#[derive(Debug)]
pub(super) struct LoopState {
    /// What reports call the loop, and the name of its thread.
    pub(super) name: String,
    closing: AtomicBool,
    /// The loop has begun to stop.
    stopping: AtomicBool,
    /// Where it is among the loops that are to stop.
    pub(super) queue: Mutex<QueueState>,
    /// None once the loop is closed.
    bridge: Mutex<Option<Arc<Bridge>>>,
    /// None before it has begun, and once it has ended.
    thread: Mutex<Option<LoopThread>>,
    recorded: Mutex<Recorded>,
    /// No task runs any more, or those that do were given up.
    pub(super) drained: Latch,
    /// The loop is closed.
    pub(super) closed: Latch,
    /// The OS thread has ended: its last destructor runs.
    pub(super) gone: Latch,
}

#[derive(Clone, Copy, Debug)]
struct LoopThread {
    id: ThreadId,
    /// `threading.get_ident()`
    ident: u64,
    /// What the system lists it by.
    tid: u32,
}

#[derive(Debug, Default)]
struct Recorded {
    last: u64,
    calls: BTreeMap<u64, Called>,
    /// The call that was begun and has not come to its first `await`.
    beginning: Option<u64>,
    /// The tasks that were cancelled, and have not ended.
    left: Vec<Option<String>>,
    /// What else the loop waits for, if anything: jobs of executors.
    waiting: Option<String>,
    details: Vec<String>,
    abandoned: Vec<String>,
}

#[derive(Debug)]
struct Called {
    /// None until it has begun.
    name: Option<String>,
    /// Whether Rust still waits for it.
    wanted: bool,
}

impl LoopState {
    pub(super) fn new(name: String, bridge: Arc<Bridge>) -> Arc<Self> {
        Arc::new(LoopState {
            name,
            closing: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            queue: Mutex::default(),
            bridge: Mutex::new(Some(bridge)),
            thread: Mutex::default(),
            recorded: Mutex::default(),
            drained: Latch::new(),
            closed: Latch::new(),
            gone: Latch::new(),
        })
    }

    /// From now on no call begins.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Whether the loop has begun to stop: nothing blocks it, or nothing did then.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn bridge(&self) -> Option<Arc<Bridge>> {
        lock(&self.bridge).clone()
    }

    /// Whether the caller is the loop's thread.
    pub(super) fn is_current(&self) -> bool {
        self.thread().is_some_and(|id| id == thread::current().id())
    }

    pub(super) fn thread(&self) -> Option<ThreadId> {
        lock(&self.thread).map(|thread| thread.id)
    }

    pub(super) fn ident(&self) -> Option<u64> {
        lock(&self.thread).map(|thread| thread.ident)
    }

    pub(super) fn tid(&self) -> Option<u32> {
        lock(&self.thread).map(|thread| thread.tid)
    }

    /// A call that Rust is about to ask for.
    pub(super) fn announce(self: &Arc<Self>) -> Wanted {
        let mut recorded = lock(&self.recorded);
        recorded.last += 1;
        let number = recorded.last;
        recorded.calls.insert(number, Called { name: None, wanted: true });
        Wanted { state: Arc::clone(self), number }
    }

    /// What was recorded for the report: details, and what was given up.
    pub(super) fn take_recorded(&self) -> (Vec<String>, Vec<String>) {
        let mut recorded = lock(&self.recorded);
        (mem::take(&mut recorded.details), mem::take(&mut recorded.abandoned))
    }

    /// Why the loop does not end.
    pub(super) fn stuck(&self) -> String {
        let thread = format!("its thread `{}` cannot be stopped", self.name);
        let recorded = lock(&self.recorded);
        let left: Vec<&str> = recorded.left.iter().flatten().map(String::as_str).collect();
        if !left.is_empty() {
            return format!("still running after they were cancelled: {}; {thread}", list(&left));
        }
        let waits: Vec<&str> = recorded.abandoned.iter().chain(&recorded.waiting).map(String::as_str).collect();
        if !waits.is_empty() {
            return waits.join("; ");
        }
        let name = |number| recorded.calls.get(&number)?.name.as_deref();
        let begun: Vec<&str> = match recorded.beginning.and_then(name) {
            Some(name) => vec![name],
            None => recorded.calls.values().filter_map(|call| call.name.as_deref()).collect(),
        };
        match &begun[..] {
            [] => format!("its loop does not respond; {thread}"),
            [one] => format!("`{one}` blocks the loop without awaiting; {thread}"),
            several => format!("the loop is blocked without awaiting by one of {}; {thread}", list(several)),
        }
    }

    fn over(&self) {
        *lock(&self.thread) = None;
        stop_queue::leave(&self.queue);
        self.drained.set();
        self.closed.set();
        self.gone.set();
    }
}

/// "`a`, `b`, and 3 more"
fn list(names: &[&str]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    }
}

/// Rust waits for a call while this lives.
#[derive(Debug)]
pub(super) struct Wanted {
    state: Arc<LoopState>,
    pub(super) number: u64,
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let mut recorded = lock(&self.state.recorded);
        match recorded.calls.get_mut(&self.number) {
            // It is named until it has ended.
            Some(called) if called.name.is_some() => called.wanted = false,
            Some(_) => {
                recorded.calls.remove(&self.number);
            }
            None => {}
        }
    }
}

thread_local! {
    static GONE: RefCell<Option<Gone>> = const { RefCell::new(None) };
}

/// Records, when it is dropped, that the thread has ended. CPython's own cleanup of the thread comes before the
/// destructors of thread-locals.
struct Gone(Arc<LoopState>);

impl Drop for Gone {
    fn drop(&mut self) {
        // A waker that panics here would abort the process.
        quietly(|| self.0.over());
    }
}

/// The state, as the loop's thread sees it. The methods are leaves: they run no Python, but for what the bridge lets go
/// when the loop is closed.
#[pyclass(frozen, module = "sundown")]
pub(super) struct LoopStateForPython(pub(super) Arc<LoopState>);

#[pymethods]
impl LoopStateForPython {
    /// The thread has begun.
    fn entered(&self) {
        *lock(&self.0.thread) =
            Some(LoopThread { id: thread::current().id(), ident: current_ident(), tid: current_tid() });
        GONE.set(Some(Gone(Arc::clone(&self.0))));
    }

    /// The thread has ended and never [`entered`](Self::entered), or it has, and a destructor comes that says so.
    fn never_entered(&self) {
        if self.0.thread().is_none() {
            self.0.over();
        }
    }

    /// Whether the thread has closed the loop.
    fn is_closed(&self) -> bool {
        self.0.closed.is_set()
    }

    /// Whether Rust still wants that call. An error if the loop is closing.
    fn begin(&self, number: u64, name: String) -> PyResult<bool> {
        let state = &self.0;
        if state.is_closing() {
            return Err(refusal(&state.name, "run"));
        }
        let mut recorded = lock(&state.recorded);
        let Some(called) = recorded.calls.get_mut(&number) else { return Ok(false) };
        called.name = Some(name);
        recorded.beginning = Some(number);
        Ok(true)
    }

    /// The call that was begun awaits, or has ended.
    fn suspended(&self) {
        lock(&self.0.recorded).beginning = None;
    }

    /// Whether Rust waits for the call, which has ended.
    fn ended(&self, number: u64) -> bool {
        lock(&self.0.recorded).calls.remove(&number).is_some_and(|called| called.wanted)
    }

    /// The loop begins to stop.
    fn stopping(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    /// These tasks are being cancelled.
    fn left(&self, names: Vec<String>) {
        lock(&self.0.recorded).left = names.into_iter().map(Some).collect();
    }

    /// One of them has ended.
    fn gone(&self, index: usize) {
        if let Some(name) = lock(&self.0.recorded).left.get_mut(index) {
            *name = None;
        }
    }

    /// The tasks have ended, and it waits for this.
    fn waiting(&self, text: Option<String>) {
        lock(&self.0.recorded).waiting = text;
    }

    fn detail(&self, text: String) {
        lock(&self.0.recorded).details.push(text);
    }

    /// This is not waited for any more.
    fn abandoned(&self, text: String) {
        let mut recorded = lock(&self.0.recorded);
        recorded.abandoned.push(text);
        recorded.waiting = None;
    }

    fn drained(&self) {
        lock(&self.0.recorded).left.clear();
        self.0.drained.set();
    }

    fn closed(&self, py: Python<'_>) {
        let bridge = lock(&self.0.bridge).take();
        if let Some(bridge) = bridge {
            bridge::close_coroutines(py, bridge.close());
        }
        stop_queue::leave(&self.0.queue);
        self.0.drained.set();
        self.0.closed.set();
    }
}

/// The error for what a loop that was shut down refuses.
pub(super) fn refusal(name: &str, what: &str) -> PyErr {
    ShutdownError::new_err(format!("the event loop `{name}` was shut down: `{what}` is refused"))
}
