//! The requests for the GIL that the finalization finds.
//!
//! A thread that has waited for the GIL for a switch interval requests it. If the interpreter finalizes then, the thread ends
//! at its next timeout, and up to 3.10.7 its request stays (CPython gh-96387): the main thread gives the GIL away at its next
//! bytecode, and waits for good for a thread that takes it. So the GIL is given away once more when the `atexit` functions are
//! over. The thread that takes it withdraws the request, and the next one comes a switch interval later.

use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use crate::internal::host::user_threads;
use crate::interpreter::frames;

/// The switch interval from then on, if it was shorter: CPython's default. The main thread has nothing more to do before it
/// finalizes, but a busy machine may keep it from that. Not longer: it waits this long for each thread that computes.
const INTERVAL: Duration = Duration::from_millis(5);

/// Has no request for the GIL left when the interpreter finalizes, where CPython has the fault. To be called between the last
/// `atexit` function and the finalization. If other threads run Python it waits for a switch interval, detached.
///
/// # Errors
///
/// If `sys` is not as it should be.
pub(super) fn withdraw_requests(py: Python<'_>) -> PyResult<()> {
    if py.version_info() >= (3, 10, 8) {
        return Ok(());
    }
    let running = frames::innermost(py)?;
    // Where this thread has a frame, Python code has called the `atexit` functions, and the interpreter goes on.
    if running.is_empty() || running.contains(user_threads::current_ident())? {
        return Ok(());
    }
    drop(running);
    let sys = py.import("sys")?;
    let interval: f64 = sys.call_method0("getswitchinterval")?.extract()?;
    sys.call_method1("setswitchinterval", (interval.max(INTERVAL.as_secs_f64()),))?;
    // As long as a thread that waits now may do so yet before it requests the GIL.
    let wait = Duration::try_from_secs_f64(interval).unwrap_or(INTERVAL).min(INTERVAL);
    py.detach(|| thread::sleep(wait));
    Ok(())
}
