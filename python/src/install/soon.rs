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
use std::ptr;
use std::sync::atomic::Ordering;

use crate::install::{INSTALLED, ensure};
use crate::internal::host::exit::OnWatch;
use crate::interpreter::pending_call;
use crate::interpreter::raise_soon::pending_result;
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
fn ask() {
    if !pending_call::is_possible() {
        return;
    }
    let installed = INSTALLED.get();
    if !installed.asked.swap(true, Ordering::AcqRel) && !pending_call::ask(on_main_thread, ptr::null_mut()) {
        installed.asked.store(false, Ordering::Release);
    }
}

extern "C" fn on_main_thread(_: *mut c_void) -> c_int {
    let installed = INSTALLED.get();
    // This waits for no thread: it may have interrupted an import, whose lock the other thread waits for.
    if !is_main_interpreter() || installed.installing.load(Ordering::Acquire) > 0 {
        installed.asked.store(false, Ordering::Release);
        return 0;
    }
    // A part of CPython that is not as expected: the next call that can return an error says so.
    pending_result(ensure)
}
