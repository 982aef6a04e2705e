//! What the thread of a loop and the handles of it know of each other. Neither waits for the other here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use pyo3::prelude::*;

use crate::host::user_threads::current_ident;
use crate::python::bridge::Bridge;
use crate::python::event_loop::stop_queue::{self, Place};
use crate::python::interpreter::exceptions::ShutdownError;
use crate::sync::latch::Latch;
use crate::sync::lock;

/// So many tasks are named; the others are counted.
const NAMED: usize = 10;

#[derive(Debug)]
pub(super) struct Desk {
    /// What reports call the loop, and the name of its thread.
    pub(super) name: String,
    closing: AtomicBool,
    /// The loop has heard that it is to stop.
    stopping: AtomicBool,
    /// Among the loops that are to stop.
    pub(super) place: Mutex<Place>,
    /// None once the loop is closed.
    bridge: Mutex<Option<Arc<Bridge>>>,
    /// None before it has begun, and once it has ended.
    thread: Mutex<Option<LoopThread>>,
    books: Mutex<Books>,
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
}

#[derive(Debug, Default)]
struct Books {
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

impl Desk {
    pub(super) fn new(name: String, bridge: Arc<Bridge>) -> Arc<Self> {
        Arc::new(Desk {
            name,
            closing: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            place: Mutex::default(),
            bridge: Mutex::new(Some(bridge)),
            thread: Mutex::default(),
            books: Mutex::default(),
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

    /// Whether the loop has heard that it is to stop: nothing blocks it, or nothing did then.
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

    /// A call that Rust is about to ask for.
    pub(super) fn announce(self: &Arc<Self>) -> Wanted {
        let mut books = lock(&self.books);
        books.last += 1;
        let number = books.last;
        books.calls.insert(number, Called { name: None, wanted: true });
        Wanted { desk: Arc::clone(self), number }
    }

    /// What was noted for the report: details, and what was given up.
    pub(super) fn take_notes(&self) -> (Vec<String>, Vec<String>) {
        let mut books = lock(&self.books);
        (mem::take(&mut books.details), mem::take(&mut books.abandoned))
    }

    /// Why the loop does not end.
    pub(super) fn stuck(&self) -> String {
        let thread = format!("its thread `{}` cannot be stopped", self.name);
        let books = lock(&self.books);
        let left: Vec<&str> = books.left.iter().flatten().map(String::as_str).collect();
        if !left.is_empty() {
            return format!("still running after they were cancelled: {}; {thread}", list(&left));
        }
        let waits: Vec<&str> = books.abandoned.iter().chain(&books.waiting).map(String::as_str).collect();
        if !waits.is_empty() {
            return waits.join("; ");
        }
        let name = |number| books.calls.get(&number)?.name.as_deref();
        let begun: Vec<&str> = match books.beginning.and_then(name) {
            Some(name) => vec![name],
            None => books.calls.values().filter_map(|call| call.name.as_deref()).collect(),
        };
        match &begun[..] {
            [] => format!("its loop does not respond; {thread}"),
            [one] => format!("`{one}` blocks the loop without awaiting; {thread}"),
            several => format!("the loop is blocked without awaiting by one of {}; {thread}", list(several)),
        }
    }

    fn over(&self) {
        *lock(&self.thread) = None;
        stop_queue::leave(self);
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
    desk: Arc<Desk>,
    pub(super) number: u64,
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let mut books = lock(&self.desk.books);
        match books.calls.get_mut(&self.number) {
            // It is named until it has ended.
            Some(called) if called.name.is_some() => called.wanted = false,
            Some(_) => {
                books.calls.remove(&self.number);
            }
            None => {}
        }
    }
}

thread_local! {
    static GONE: RefCell<Option<Gone>> = const { RefCell::new(None) };
}

/// Tells that the thread has ended. CPython's own cleanup of the thread comes before the destructors of thread-locals.
struct Gone(Arc<Desk>);

impl Drop for Gone {
    fn drop(&mut self) {
        // A waker that panics here would abort the process.
        let _ = catch_unwind(AssertUnwindSafe(|| self.0.over()));
    }
}

/// What the loop's thread sees of it. Its methods are leaves: they run no Python, but for what the bridge lets go when the
/// loop is closed.
#[pyclass(frozen, module = "sundown")]
pub(super) struct LoopDesk(pub(super) Arc<Desk>);

#[pymethods]
impl LoopDesk {
    /// The thread has begun.
    fn entered(&self) {
        *lock(&self.0.thread) = Some(LoopThread { id: thread::current().id(), ident: current_ident() });
        GONE.set(Some(Gone(Arc::clone(&self.0))));
    }

    /// Whether Rust still wants that call. An error if the loop is closing.
    fn begin(&self, number: u64, name: String) -> PyResult<bool> {
        let desk = &self.0;
        if desk.is_closing() {
            return Err(refusal(&desk.name, "run"));
        }
        let mut books = lock(&desk.books);
        let Some(called) = books.calls.get_mut(&number) else { return Ok(false) };
        called.name = Some(name);
        books.beginning = Some(number);
        Ok(true)
    }

    /// The call that was begun awaits, or has ended.
    fn suspended(&self) {
        lock(&self.0.books).beginning = None;
    }

    /// Whether Rust waits for the call, which has ended.
    fn ended(&self, number: u64) -> bool {
        lock(&self.0.books).calls.remove(&number).is_some_and(|called| called.wanted)
    }

    /// The loop was told to stop.
    fn stopping(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    /// These tasks are being cancelled.
    fn left(&self, names: Vec<String>) {
        lock(&self.0.books).left = names.into_iter().map(Some).collect();
    }

    /// One of them has ended.
    fn gone(&self, index: usize) {
        if let Some(name) = lock(&self.0.books).left.get_mut(index) {
            *name = None;
        }
    }

    /// The tasks have ended, and it waits for this.
    fn waiting(&self, text: Option<String>) {
        lock(&self.0.books).waiting = text;
    }

    fn detail(&self, text: String) {
        lock(&self.0.books).details.push(text);
    }

    /// This is not waited for any more.
    fn abandoned(&self, text: String) {
        let mut books = lock(&self.0.books);
        books.abandoned.push(text);
        books.waiting = None;
    }

    fn drained(&self) {
        lock(&self.0.books).left.clear();
        self.0.drained.set();
    }

    fn closed(&self) {
        let bridge = lock(&self.0.bridge).take();
        if let Some(bridge) = bridge {
            bridge.close();
        }
        stop_queue::leave(&self.0);
        self.0.drained.set();
        self.0.closed.set();
    }
}

/// The error for what a loop that was shut down refuses.
pub(super) fn refusal(name: &str, what: &str) -> PyErr {
    ShutdownError::new_err(format!("the event loop `{name}` was shut down: `{what}` is refused"))
}
