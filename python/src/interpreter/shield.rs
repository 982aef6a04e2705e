//! Keeps CPython from unwinding our threads.
//!
//! Up to 3.13.7 a thread that wants the GIL while the interpreter finalizes is ended by `pthread_exit`. glibc does that
//! by an unwinding through all frames of the thread, and the destructors of the Rust frames below CPython's then use
//! the interpreter without the GIL: the process aborts. What POSIX has for a thread that ends like this is a cleanup
//! handler; ours parks the thread, which is what CPython does itself from 3.13.8 on.
//!
//! A handler runs when the frame that has pushed it is left, which would be after the Rust frames above it. glibc takes the
//! address of the handler's buffer for that of the frame: and one that is not on the thread's stack has been left already
//! when the unwinding begins (`unwind_stop` in glibc's `nptl/unwind.c`, `FRAME_LEFT`). So it runs first of all, before any
//! destructor, and where CPython holds neither the GIL nor a lock of it: there it would have let the thread end.
//!
//! musl and macOS do not unwind at `pthread_exit`.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod gnu {
    use std::ffi::{c_int, c_void};
    use std::mem;
    use std::ptr;

    use crate::internal::host::user_threads::OnListed;

    // And not when the exit is set up: a module that calls no `install` sets it up by its first thread, or after that.
    inventory::submit!(OnListed(shield));

    /// glibc's `struct _pthread_cleanup_buffer`, of `<pthread.h>`.
    #[repr(C)]
    struct Buffer {
        routine: Option<extern "C" fn(*mut c_void)>,
        argument: *mut c_void,
        cancel_type: c_int,
        previous: *mut Buffer,
    }

    type Push = unsafe extern "C" fn(*mut Buffer, extern "C" fn(*mut c_void), *mut c_void);

    extern "C" fn park(_: *mut c_void) {
        loop {
            // Not `thread::park`, which needs the thread's locals. A cancelled thread is parked too.
            // SAFETY: it has no preconditions.
            #[allow(unsafe_code, reason = "std has no wait that needs nothing of the thread")]
            unsafe {
                libc::pause();
            }
        }
    }

    /// Has `pthread_exit` park the calling thread, for good, if Rust made it. CPython ends its own threads like that, also
    /// when nothing is wrong.
    #[allow(unsafe_code, reason = "std has no cleanup handlers")]
    fn shield() {
        // SAFETY: it has no preconditions.
        if !unsafe { pyo3::ffi::PyGILState_GetThisThreadState() }.is_null() {
            return;
        }
        // By name: old versions of glibc have it in another library, and without it all is as it was.
        // SAFETY: the name ends with a NUL byte.
        let push = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_pthread_cleanup_push".as_ptr()) };
        if push.is_null() {
            return;
        }
        // SAFETY: that is the function's type in `<pthread.h>`.
        let push = unsafe { mem::transmute::<*mut c_void, Push>(push) };
        // Leaked, 32 bytes a thread: glibc looks at it for as long as the thread lives, after its last destructor too.
        let buffer =
            Box::new(Buffer { routine: None, argument: ptr::null_mut(), cancel_type: 0, previous: ptr::null_mut() });
        // SAFETY: the buffer lives for good and is the calling thread's alone.
        unsafe { push(Box::into_raw(buffer), park, ptr::null_mut()) };
    }
}
