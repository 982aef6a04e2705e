//! By glibc's cleanup handlers.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::mem;
use std::ptr;
use std::sync::OnceLock;

use crate::internal::host::user_threads::OnListed;
use crate::interpreter::symbols::Symbol;

// And not when the exit is set up: a module that calls no `install` sets it up by its first thread, or after that.
inventory::submit!(OnListed(for_good));

/// glibc's `struct _pthread_cleanup_buffer`, of `<pthread.h>`.
#[repr(C)]
struct Buffer {
    routine: Option<extern "C" fn(*mut c_void)>,
    argument: *mut c_void,
    cancel_type: c_int,
    previous: *mut Buffer,
}

type Push = unsafe extern "C" fn(*mut Buffer, extern "C" fn(*mut c_void), *mut c_void);
type Pop = unsafe extern "C" fn(*mut Buffer, c_int);

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

/// Without a destructor: it works until the thread's last moment.
#[derive(Clone, Copy)]
struct State {
    /// How many [`Shield`](super::Shield)s there are.
    depth: u32,
    /// Whether it stays when the last of them goes.
    for_good: bool,
    /// Whether glibc has the buffer.
    is_pushed: bool,
    /// Null before the first push.
    buffer: *mut Buffer,
}

thread_local! {
    static STATE: Cell<State> =
        const { Cell::new(State { depth: 0, for_good: false, is_pushed: false, buffer: ptr::null_mut() }) };
    static AT_END: FreeBuffer = const { FreeBuffer };
}

pub(super) fn enter() {
    STATE.with(|state| {
        let now = pushed(state.get());
        state.set(State { depth: now.depth + 1, ..now });
    });
}

pub(super) fn leave() {
    STATE.with(|state| {
        let now = state.get();
        let now = State { depth: now.depth - 1, ..now };
        state.set(if now.depth == 0 && !now.for_good { popped(now) } else { now });
    });
}

/// For the calling thread, as long as it lives, whether it is attached now or not.
#[allow(unsafe_code, reason = "PyO3 has no safe form of this function")]
fn for_good() {
    // SAFETY: it has no preconditions.
    let may_be_pythons = || !unsafe { pyo3::ffi::PyGILState_GetThisThreadState() }.is_null();
    if !(look_at_version() && may_be_pythons()) {
        STATE.with(|state| state.set(State { for_good: true, ..pushed(state.get()) }));
    }
}

/// Whether this CPython ends each of its threads by `pthread_exit`. Once, and when the library is loaded, which an import
/// does with the GIL: up to 3.11 each call of `Py_GetVersion` writes its text anew, into the same place, and begins with an
/// empty one. A thread that reads it meanwhile takes this CPython for an old one.
#[allow(unsafe_code, reason = "PyO3's safe form needs the GIL")]
pub(super) fn look_at_version() -> bool {
    static ENDS_BY_EXIT: OnceLock<bool> = OnceLock::new();
    *ENDS_BY_EXIT.get_or_init(|| {
        // SAFETY: it may be called before Python is initialized, and the string is there for good.
        let version = unsafe { CStr::from_ptr(pyo3::ffi::Py_GetVersion()) };
        ends_threads_by_exit(version.to_bytes())
    })
}

/// Whether CPython of this version, "3.9.18 (main, …", ends each of its threads by `pthread_exit`.
fn ends_threads_by_exit(version: &[u8]) -> bool {
    let mut numbers = version.split(|byte| !byte.is_ascii_digit());
    let mut number = || str::from_utf8(numbers.next()?).ok()?.parse::<u32>().ok();
    (number(), number(), number()) < (Some(3), Some(9), Some(6))
}

#[allow(unsafe_code, reason = "std has no cleanup handlers")]
fn pushed(state: State) -> State {
    // By name: old versions of glibc have it in another library, and without it all is as it was.
    static PUSH: Symbol = Symbol::new(&[c"_pthread_cleanup_push"]);
    let push = PUSH.address();
    if state.is_pushed || push.is_null() {
        return state;
    }
    let mut buffer = state.buffer;
    if buffer.is_null() {
        let new = Buffer { routine: None, argument: ptr::null_mut(), cancel_type: 0, previous: ptr::null_mut() };
        buffer = Box::into_raw(Box::new(new));
        let _ = AT_END.try_with(|_| ());
    }
    // SAFETY: that is the function's type in `<pthread.h>`. The buffer lives until it is popped, and is this thread's.
    unsafe { mem::transmute::<*mut c_void, Push>(push)(buffer, park, ptr::null_mut()) };
    State { is_pushed: true, buffer, ..state }
}

#[allow(unsafe_code, reason = "std has no cleanup handlers")]
fn popped(state: State) -> State {
    static POP: Symbol = Symbol::new(&[c"_pthread_cleanup_pop"]);
    let pop = POP.address();
    if !state.is_pushed || pop.is_null() {
        return state;
    }
    // SAFETY: that is its type, and this the buffer that was pushed last: one that is pushed while ours is there is popped
    // before ours is.
    unsafe { mem::transmute::<*mut c_void, Pop>(pop)(state.buffer, 0) };
    State { is_pushed: false, ..state }
}

/// Frees the buffer of a thread that ends, unless glibc still has it: 32 bytes of a thread that Rust made are leaked.
struct FreeBuffer;

impl Drop for FreeBuffer {
    #[allow(unsafe_code, reason = "the buffer is a raw pointer, for glibc")]
    fn drop(&mut self) {
        STATE.with(|state| {
            let now = state.get();
            if !now.is_pushed && !now.buffer.is_null() {
                // SAFETY: it is of a box, and nothing has it any more.
                drop(unsafe { Box::from_raw(now.buffer) });
                state.set(State { buffer: ptr::null_mut(), ..now });
            }
        });
    }
}
