//! Signals to a service.

use std::fs;

/// Sends a signal. A service that has ended does not get it: it is not reaped yet, so its id is its own.
///
/// ThreadSanitizer keeps a signal back until the thread that the kernel has chosen, mostly that of `main`, makes a call that
/// it intercepts. parking_lot's wait is none, so under it the signal goes to the thread that waits for signals, in `epoll_wait`.
#[allow(unsafe_code, reason = "std sends no signals")]
pub(crate) fn send(process: u32, signal: i32) {
    let id = libc::pid_t::try_from(process).expect("an id");
    let listener = std::env::var_os("TSAN_OPTIONS").and_then(|_| listener(process));
    // SAFETY: neither has a precondition.
    unsafe {
        match listener {
            Some(thread) => drop(libc::syscall(libc::SYS_tgkill, id, thread, signal)),
            None => drop(libc::kill(id, signal)),
        }
    }
}

/// The oldest thread of that name: the others print, and end.
fn listener(process: u32) -> Option<libc::pid_t> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten();
    let named = tasks.filter(|task| {
        fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim_end() == "sundown-signals")
    });
    named.filter_map(|task| task.file_name().to_str()?.parse().ok()).min()
}
