//! Signals as events, on Python's main thread.
//!
//! CPython's C handler records a signal and writes its number into the wakeup descriptor; the Python handler runs when the
//! main thread runs Python again. A thread that waits detached does not, so while it waits the descriptor is ours. What
//! comes in is passed on to the descriptor's owner, an event loop mostly, and the descriptor given back afterwards.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pyo3::exceptions::{PyAttributeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use crate::internal::host::fork::PerProcess;
use crate::interpreter::fork;
use crate::interpreter::intern::interned;
use crate::interpreter::sockets::{self, Number, Sockets};

/// What CPython takes for no descriptor.
const NONE: Number = -1;

/// The descriptor that a wait of ours has put in now.
static OURS: AtomicI64 = AtomicI64::new(NONE);

/// What the main thread waits on: signal numbers come in, and zeroes, which wake it. Sockets, because on Windows CPython sends the
/// numbers by one.
#[derive(Debug)]
pub(crate) struct Pipe(Sockets);

impl Pipe {
    fn new() -> io::Result<Self> {
        Sockets::new().map(Pipe)
    }

    /// A pipe, if this is the thread that runs Python's signal handlers.
    pub(crate) fn of_main_thread(py: Python<'_>) -> PyResult<Option<Self>> {
        let pipe = Pipe::new()?;
        // Only that thread may set the descriptor, and nothing else tells: `threading.main_thread()` is the first that has
        // imported `threading`.
        match Watch::start(py, &pipe) {
            Ok(watch) => watch.stop(py, &pipe).map(|()| Some(pipe)),
            Err(error) if error.is_instance_of::<PyValueError>(py) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Wakes the thread that waits.
    pub(crate) fn wake(&self) {
        self.0.sender().send(0);
    }

    /// Blocks until something has come in, for `timeout` at most; or less. A signal interrupts it, and has written its number
    /// then or soon will.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        self.0.wait(timeout);
    }

    /// Takes what has come in: the numbers of the signals.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut signals = self.0.take();
        signals.retain(|number| *number != 0);
        signals
    }
}

/// A wait of the main thread, to which signals come.
#[derive(Debug)]
pub(crate) struct Watch {
    owner: Number,
    own: Number,
    /// The one around this one.
    outer: Number,
    cancelling: usize,
}

impl Watch {
    /// Has signals come into `pipe`. To be followed by a [`check`](Self::check), for those that came before.
    pub(crate) fn start(py: Python<'_>, pipe: &Pipe) -> PyResult<Self> {
        fork::on_child(in_child);
        let own = pipe.0.sender().number();
        let cancelling = cancelling(py)?;
        let owner = set_wakeup_fd(py, own)?;
        let outer = OURS.swap(own, Ordering::Relaxed);
        Ok(Watch { owner, own, outer, cancelling })
    }

    /// Passes signals on to the owner of the descriptor.
    pub(crate) fn forward(&self, signals: &[u8]) {
        if self.owner != NONE && !signals.is_empty() {
            sockets::send(self.owner, signals);
        }
    }

    /// Runs the Python handlers of the signals that came.
    ///
    /// # Errors
    ///
    /// What a handler raised; `CancelledError` if it has cancelled the asyncio task around the caller, as the one of
    /// `asyncio.run` does.
    pub(crate) fn check(&self, py: Python<'_>) -> PyResult<()> {
        py.check_signals()?;
        if cancelling(py)? > self.cancelling {
            return Err(PyErr::from_type(cancelled_error(py)?.clone(), ()));
        }
        Ok(())
    }

    /// Gives the descriptor back, and passes on what has come into `pipe` to the last.
    pub(crate) fn stop(self, py: Python<'_>, pipe: &Pipe) -> PyResult<()> {
        OURS.store(self.outer, Ordering::Relaxed);
        // The owner may have closed it meanwhile.
        let put_in = match set_wakeup_fd(py, self.owner) {
            Ok(put_in) => put_in,
            Err(_) => set_wakeup_fd(py, NONE)?,
        };
        if put_in != self.own {
            // Somebody else has put in another one since, who will give it back.
            set_wakeup_fd(py, put_in)?;
        }
        self.forward(&pipe.take());
        Ok(())
    }
}

/// Calls what makes an event loop for another thread. On the main thread a proactor's loop takes the descriptor when it is made:
/// it is given back to its owner.
///
/// # Errors
///
/// Those of `make`; if there is no descriptor left.
pub(crate) fn around_new_loop<'py>(
    py: Python<'py>,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let pipe = Pipe::new()?;
    let owner = match set_wakeup_fd(py, pipe.0.sender().number()) {
        Ok(owner) => owner,
        Err(error) if error.is_instance_of::<PyValueError>(py) => return make(), // not the main thread
        Err(error) => return Err(error),
    };
    let made = make();
    if set_wakeup_fd(py, owner).is_err() {
        set_wakeup_fd(py, NONE)?;
    }
    let came = pipe.take();
    if owner != NONE && !came.is_empty() {
        sockets::send(owner, &came);
    }
    made
}

/// A child inherits the descriptor while it shares the pipe: its signals would be taken for the parent's.
fn in_child(py: Python<'_>) {
    let ours = OURS.swap(NONE, Ordering::Relaxed);
    if ours == NONE {
        return;
    }
    // On another thread than the main one nothing can be done, and nothing is wrong: a child's thread is its main one.
    if let Ok(put_in) = set_wakeup_fd(py, NONE)
        && put_in != ours
    {
        let _ = set_wakeup_fd(py, put_in);
    }
}

/// `signal.set_wakeup_fd`, from the module in C, whose import runs nothing: the one that was there before. Whether that
/// one's owner wanted to be warned of a full buffer cannot be asked; event loops do not.
fn set_wakeup_fd(py: Python<'_>, fd: Number) -> PyResult<Number> {
    static SET: PerProcess<PyOnceLock<Py<PyAny>>> = PerProcess::new(PyOnceLock::new);
    let set = SET.get().import(py, "_signal", "set_wakeup_fd")?;
    let options = PyDict::new(py);
    options.set_item(interned!(py, "warn_on_full_buffer"), false)?;
    set.call((fd,), Some(&options))?.extract()
}

/// How often the cancellation of the asyncio task around the caller was asked for; 0 outside a task, and before 3.11.
fn cancelling(py: Python<'_>) -> PyResult<usize> {
    static MODULES: PerProcess<PyOnceLock<Py<PyDict>>> = PerProcess::new(PyOnceLock::new);
    // Before asyncio is imported there is no task.
    let Some(asyncio) = MODULES.get().import(py, "sys", "modules")?.get_item(interned!(py, "asyncio"))? else {
        return Ok(0);
    };
    // Asked first because `current_task` raises where no loop runs, which takes as long as all the rest of a wait.
    let running = asyncio.call_method0(interned!(py, "_get_running_loop"))?;
    if running.is_none() {
        return Ok(0);
    }
    let task = current_task(&asyncio, &running)?;
    match task.call_method0(interned!(py, "cancelling")) {
        Ok(count) => count.extract(),
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => Ok(0),
        Err(error) => Err(error),
    }
}

/// The task that runs on the loop, without running Python code.
///
/// Up to 3.11 `asyncio.current_task` is Python code. The handler of a signal that came between the first poll and the watch
/// would run in there, and cancel the task before its count is read for the first time: then nothing changes afterwards, and
/// the signal is lost (24 of 60 runs on 3.11.7). The table that it looks into is a plain dict.
fn current_task<'py>(asyncio: &Bound<'py, PyAny>, running: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = asyncio.py();
    if py.version_info() < (3, 12) {
        let table = asyncio.getattr(interned!(py, "tasks"))?.getattr(interned!(py, "_current_tasks"));
        if let Ok(table) = table.and_then(|table| Ok(table.cast_into::<PyDict>()?)) {
            return Ok(table.get_item(running)?.unwrap_or_else(|| py.None().into_bound(py)));
        }
    }
    asyncio.call_method0(interned!(py, "current_task"))
}

fn cancelled_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PerProcess<PyOnceLock<Py<PyType>>> = PerProcess::new(PyOnceLock::new);
    TYPE.get().import(py, "asyncio", "CancelledError")
}
