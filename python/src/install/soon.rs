//! Set up by what comes first, also where there is no `Python<'_>` at hand: a runtime, a task, a thread, a guard.
//!
//! CPython's main thread is asked to do it between two bytecodes (`Py_AddPendingCall`), also where the caller is attached:
//! what is set up imports modules, and an import lets go of the GIL. A caller may hold a lock meanwhile, that of a
//! `OnceLock<Runtime>` for one, and another thread that is attached waits for that lock: neither would get on. A
//! caller with a `Python<'_>` calls [`ensure`] instead, and has it at once.
//!
//! The call comes in time however the program ends. Where the main thread is in a call that blocks, or holds the GIL
//! while another thread asks (up to 3.11 it learns of it when it next takes the GIL), or the script is over,
//! `Py_FinalizeEx` itself makes the calls that are pending: after `threading._shutdown`, before the `atexit` functions.
//! One that is asked for later still, by a thread while these run, comes before stage two, if the
//! [import](super::at_load) was in time; else it stops what lives at once (`exit::Installation`), unless the main
//! thread runs no Python code any more. The queue has room for 32 calls (300 since 3.13): if it is full the next use
//! asks again.

use std::ffi::{c_int, c_void};
use std::panic::catch_unwind;
use std::sync::atomic::Ordering;

use pyo3::prelude::*;

use crate::install::{INSTALLED, ensure};
use crate::internal::host::exit::OnWatch;
use crate::interpreter::raise_soon::ok_or_raise;
use crate::interpreter::subinterpreters::is_main_interpreter;

inventory::submit!(OnWatch(soon));

/// Has the exit set up as soon as may be. Does not attach, and waits for nothing but a lock of CPython's; an atomic
/// load once it is done.
#[inline]
pub(crate) fn soon() {
    let installed = INSTALLED.get();
    if !installed.done.load(Ordering::Acquire) && !installed.asked.load(Ordering::Relaxed) {
        ask();
    }
}

#[cold]
#[allow(unsafe_code, reason = "PyO3 has no safe form of these functions")]
fn ask() {
    // A Rust program may use a runtime before it starts an interpreter, or without one. Since this is zero from the very
    // beginning of the finalization, nothing is asked of an interpreter that is taken apart.
    // SAFETY: it may be called by any thread, at any time.
    if unsafe { pyo3::ffi::Py_IsInitialized() } == 0 {
        return;
    }
    let installed = INSTALLED.get();
    if installed.asked.swap(true, Ordering::AcqRel) {
        return;
    }
    // SAFETY: any thread may call it, attached or not. The function lives as long as the library, which is never unloaded.
    if unsafe { pyo3::ffi::Py_AddPendingCall(Some(on_main_thread), std::ptr::null_mut()) } != 0 {
        installed.asked.store(false, Ordering::Release);
    }
}

/// Called by CPython's main thread, attached. -1 raises, there, the exception that is set.
extern "C" fn on_main_thread(_: *mut c_void) -> c_int {
    // A panic has said what is to be said, by the panic hook.
    catch_unwind(|| {
        let installed = INSTALLED.get();
        // Before 3.12 it is the queue of whichever interpreter held the GIL. And this waits for no thread: it may have
        // interrupted an import, whose lock the other thread waits for.
        if !is_main_interpreter() || installed.installing.load(Ordering::Acquire) > 0 {
            installed.asked.store(false, Ordering::Release);
            return 0;
        }
        // A part of CPython that is not as expected: the next call that can return an error says so.
        Python::attach(|py| match ok_or_raise(py, ensure(py)) {
            Ok(_) => 0,
            // Ctrl-C, during an import: it is meant for what this has interrupted.
            Err(error) => {
                error.restore(py);
                -1
            }
        })
    })
    .unwrap_or(0)
}
