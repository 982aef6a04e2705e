//! Keeps CPython from unwinding the Rust frames of a thread.
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
//! A thread that is on the list of those which run users' code (`user_threads`) has the shield from then on, for as long as it
//! lives; any other while it is inside a call of ours that runs Python. CPython up to 3.9.5 ends the threads that it made by
//! `pthread_exit` also when nothing is wrong (bpo-44434): there a thread that has a thread state when it is listed has the
//! shield only inside such calls, because it may be one of those.
//!
//! musl and macOS do not unwind at `pthread_exit`. On Windows CPython calls `_endthreadex` there, which unwinds nothing either,
//! and nothing can be put in its way: what can be done comes before (`docs/EXIT.md`).

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod gnu;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod none;

use std::marker::PhantomData;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use gnu as host;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
use none as host;

/// For the library's load, before any thread of ours can be there.
pub(crate) fn at_load() {
    host::look_at_version();
}

/// While it lives, `pthread_exit` parks the calling thread, for good. Not `Send`.
#[derive(Debug)]
#[must_use = "dropped, the thread has no shield any more"]
pub(crate) struct Shield(PhantomData<*mut ()>);

impl Shield {
    /// For the calling thread. May be nested. Costs about two calls of libc's.
    pub(crate) fn new() -> Self {
        host::enter();
        Shield(PhantomData)
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        host::leave();
    }
}
