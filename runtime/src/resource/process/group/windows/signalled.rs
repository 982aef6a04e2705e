//! The end of a process, as an event.
//!
//! The system's thread pool waits, one of its threads for some sixty handles; so tokio waits for its children.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle as _, OwnedHandle};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::Foundation::{HANDLE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEONLYONCE, WaitForSingleObject,
};

use crate::sync::latch::Latch;

/// Waits for a handle until this is dropped.
pub(super) struct Signalled {
    shared: Arc<Shared>,
    /// Of the wait. Not a handle that can be closed.
    wait: HANDLE,
    _handle: OwnedHandle,
}

struct Shared {
    done: Latch,
    /// The callback has begun, and so it has the reference that the wait had.
    called: AtomicBool,
}

// SAFETY: the number of a wait belongs to no thread, and `UnregisterWaitEx` may be called on any.
#[allow(unsafe_code, reason = "`HANDLE` is a pointer")]
unsafe impl Send for Signalled {}
// SAFETY: nothing is done through a shared reference but to wait for the latch.
#[allow(unsafe_code, reason = "`HANDLE` is a pointer")]
unsafe impl Sync for Signalled {}

impl Signalled {
    #[allow(unsafe_code, reason = "std waits for no handle by event")]
    pub(super) fn watch(handle: OwnedHandle) -> io::Result<Self> {
        let shared = Arc::new(Shared { done: Latch::new(), called: AtomicBool::new(false) });
        let context = Arc::into_raw(Arc::clone(&shared));
        let mut wait = ptr::null_mut();
        // SAFETY: the handle stays open until the wait is unregistered. The callback is called at most once, and then
        // takes the reference that `context` is.
        let registered = unsafe {
            RegisterWaitForSingleObject(
                &raw mut wait,
                handle.as_raw_handle(),
                Some(called),
                context.cast(),
                INFINITE,
                WT_EXECUTEONLYONCE, // on a worker: a waker is somebody else's code
            )
        };
        if registered == 0 {
            let error = io::Error::last_os_error();
            // SAFETY: there is no wait that has it.
            drop(unsafe { Arc::from_raw(context) });
            return Err(error);
        }
        Ok(Signalled { shared, wait, _handle: handle })
    }

    pub(super) async fn wait(&self) {
        self.shared.done.wait().await;
    }
}

#[allow(unsafe_code, reason = "as in `watch`")]
unsafe extern "system" fn called(context: *mut c_void, _: bool) {
    // SAFETY: it is the reference that `watch` made for this call.
    let shared = unsafe { Arc::from_raw(context.cast_const().cast::<Shared>()) };
    shared.called.store(true, Ordering::SeqCst);
    shared.done.set();
}

/// Does not wait for a callback that runs: it may be waking one who holds a lock around this drop.
impl Drop for Signalled {
    #[allow(unsafe_code, reason = "as in `watch`")]
    fn drop(&mut self) {
        // SAFETY: the wait was registered, and is unregistered once.
        let over = unsafe { UnregisterWaitEx(self.wait, ptr::null_mut()) } != 0;
        // Where it is not over, `ERROR_IO_PENDING`, the callback runs or will run.
        if over && !self.shared.called.load(Ordering::SeqCst) {
            // SAFETY: the callback was not called, and never will be.
            unsafe { Arc::decrement_strong_count(Arc::as_ptr(&self.shared)) };
        }
    }
}

#[allow(unsafe_code, reason = "std waits for children alone")]
pub(super) fn is_signalled(handle: &OwnedHandle) -> bool {
    // SAFETY: the handle is open.
    unsafe { WaitForSingleObject(handle.as_raw_handle(), 0) == WAIT_OBJECT_0 }
}
