//! What the exit does after the plans: it does not go on while a thread of ours runs Python, as long as it can be made
//! to stop.
//!
//! What goes on in the interpreter after this must not meet one: up to 3.13.7 CPython unwinds such a thread through the Rust
//! frames below, which aborts the process (`docs/EXIT.md`). So each gets
//!
//! 1. the exception that says that the interpreter exits, again and again, [`PARK_AFTER`] long;
//! 2. an exception whose making parks the thread for good. What catches every exception cannot catch this one. The thread
//!    hangs between two bytecodes, without the GIL, as CPython does it from 3.13.8 on;
//! 3. [`EXTRA`] after the first it is given up: it is in a call of C's that does not return. The report names the place.
//!
//! CPython has no event for a thread that leaves Python, so this looks: `sys._current_frames` has the threads that have
//! a Python frame. Only those are a danger. One that is attached without a frame is in Rust, and waits for the GIL in
//! PyO3, which parks it.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict, PyTuple, PyType};
use sundown::Outcome;

use crate::internal::host::fork::PerProcess;
use crate::internal::host::user_threads;
use crate::internal::sync::lock;
use crate::interpreter::exceptions::InterpreterExit;
use crate::interpreter::exit::interrupt::Interrupts;
use crate::interpreter::frames;

/// How long the exit waits for a thread that runs Python, from when the plans are over and it is due.
pub(super) const EXTRA: Duration = Duration::from_secs(1);

/// How long of that it is sent exceptions that it may catch.
const PARK_AFTER: Duration = Duration::from_millis(500);

/// So often the second kind is sent at least, however late it is: the GIL may have been held for longer than all of this.
const AT_LEAST: u32 = 3;

/// Between two looks: short at first.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(40));

/// Threads that were parked. They never leave it.
static PARKED: PerProcess<Mutex<HashSet<u64>>> = PerProcess::new(Mutex::default);

/// What became of the threads that still ran Python when the plans were over.
#[derive(Default)]
pub(super) struct Left {
    /// How many were parked.
    pub(super) parked: usize,
    /// Where those are that could not be stopped.
    pub(super) inside: Vec<String>,
}

impl Left {
    pub(super) fn outcome(&self) -> Outcome {
        match self.inside.as_slice() {
            [] => Outcome::Forced,
            [one] => Outcome::abandoned(format!("{one}, in a call that does not return")),
            all => Outcome::abandoned(format!("{}, in calls that do not return", all.join(", "))),
        }
    }
}

/// A thread that runs Python.
struct Running {
    ident: u64,
    name: Option<String>,
    /// Nothing more can be done.
    given_up: bool,
}

/// Blocks, detached, until no thread of ours runs Python, or none that could be stopped.
pub(super) fn wait(interrupts: &mut Interrupts) -> Left {
    let since = Instant::now();
    let mut pause = PAUSES.0;
    let mut parks = HashMap::new();
    loop {
        let mut any = false;
        user_threads::each(|_| any = true);
        if !any {
            return left(Vec::new());
        }
        // Without a look nothing is known: what could be sent was sent before.
        let looked = Python::attach(|py| look(py, interrupts, since, &mut parks));
        let Ok(running) = looked else { return left(Vec::new()) };
        if running.iter().all(|thread| thread.given_up) {
            let places = Python::attach(|py| running.iter().map(|thread| thread.place(py)).collect());
            return left(places);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSES.1);
    }
}

fn left(inside: Vec<String>) -> Left {
    Left { parked: lock(PARKED.get()).len(), inside }
}

/// Who runs Python now. Sends to those what they are due for, and counts those that are to park.
fn look(
    py: Python<'_>,
    interrupts: &mut Interrupts,
    since: Instant,
    parks: &mut HashMap<u64, u32>,
) -> PyResult<Vec<Running>> {
    let in_python =
        frames::innermost(py)?.keys().iter().map(|ident| ident.extract()).collect::<PyResult<HashSet<u64>>>()?;
    let (interrupt, park) = (py.get_type::<InterpreterExit>(), park_class(py)?);
    let (now, mut running) = (Instant::now(), Vec::new());
    // Not under its lock: a thread that is about to park takes it without the GIL.
    let parked = lock(PARKED.get()).clone();
    user_threads::each(|thread| {
        let ident = thread.ident;
        if !in_python.contains(&ident) || parked.contains(&ident) {
            return;
        }
        let age = now.saturating_duration_since(interrupts.due(thread.budget).max(since));
        if age >= PARK_AFTER {
            interrupts.send(park, ident, now);
            *parks.entry(ident).or_insert(0) += 1;
        } else if interrupts.is_due(ident, thread.budget, now) {
            interrupts.send(&interrupt, ident, now);
        }
        let given_up = age >= EXTRA && parks.get(&ident).is_some_and(|times| *times >= AT_LEAST);
        running.push(Running { ident, name: thread.name.map(str::to_owned), given_up });
    });
    Ok(running)
}

impl Running {
    /// "thread `runner` is in `busy` (jobs.py:12)"
    fn place(&self, py: Python<'_>) -> String {
        let name = self.name.as_deref().unwrap_or("unnamed");
        let place = || {
            let frame = frames::innermost(py)?.as_any().get_item(self.ident)?;
            let code = frame.getattr("f_code")?;
            let (function, file) = (code.getattr("co_name")?, code.getattr("co_filename")?);
            PyResult::Ok(format!("`{function}` ({file}:{})", frame.getattr("f_lineno")?))
        };
        place().map_or_else(|_| format!("thread `{name}`"), |place| format!("thread `{name}` is in {place}"))
    }
}

/// An exception of which no instance can be made: who tries is parked. CPython makes the instance on the thread that
/// was sent the class: when it raises it, from 3.12 on; before, when something catches it.
fn park_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PerProcess<PyOnceLock<Py<PyType>>> = PerProcess::new(PyOnceLock::new);
    let made = CLASS.get().get_or_try_init(py, || make_park_class(py).map(Bound::unbind))?;
    Ok(made.bind(py))
}

fn make_park_class(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
    let park =
        PyCFunction::new_closure(py, None, None, |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            lock(PARKED.get()).insert(user_threads::current_ident());
            arguments.py().detach(|| -> () {
                loop {
                    thread::park();
                }
            });
        })?;
    let attributes = PyDict::new(py);
    attributes.set_item("__module__", "sundown")?;
    attributes.set_item("__new__", park)?;
    let class = py.get_type::<PyType>().call1(("InterpreterExit", (py.get_type::<InterpreterExit>(),), attributes))?;
    Ok(class.cast_into()?)
}
