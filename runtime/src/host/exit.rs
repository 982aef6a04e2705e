//! Whether the process, or this thread, is on its way out.

#[cfg(windows)]
mod loader;

use std::sync::atomic::{AtomicBool, Ordering};

/// Called by [`watch`]: how a higher layer hears of it. Submitted to [`inventory`], so that this layer need not import that
/// one, and nothing has to run before.
#[cfg(feature = "host-hooks")]
pub struct OnWatch(pub fn());

#[cfg(feature = "host-hooks")]
inventory::collect!(OnWatch);

/// Whether the process is exiting: `exit` has begun to run its handlers.
static EXITING: AtomicBool = AtomicBool::new(false);
#[cfg(any(unix, windows))]
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Asks to be told when the process exits, and the interpreter. Called whenever a guard or a handle is made.
pub(crate) fn watch() {
    #[cfg(feature = "host-hooks")]
    for hook in inventory::iter::<OnWatch> {
        (hook.0)();
    }
    // No `Once`: a child that was forked meanwhile would wait for it forever.
    #[cfg(any(unix, windows))]
    if !WATCHED.load(Ordering::Relaxed) && !WATCHED.swap(true, Ordering::Relaxed) {
        watch_exit();
        #[cfg(all(windows, feature = "tokio"))]
        loader::ask_before_locks();
    }
}

#[cfg(any(unix, windows))]
#[allow(unsafe_code, reason = "std has no exit handlers")]
fn watch_exit() {
    extern "C" fn exiting() {
        EXITING.store(true, Ordering::Relaxed);
    }
    // SAFETY: `exiting` is a function that lives as long as the program, or the DLL, whose handlers run when it is unloaded;
    // and it stores to an atomic.
    let _ = unsafe { libc::atexit(exiting) };
}

/// Whether a drop happens where no thread should be started, and none waited for: while the process exits, and on Windows
/// under the loader lock, which a thread needs to begin and to end. There that is also each destructor of a thread-local,
/// and the unloading of a DLL.
pub fn is_exiting() -> bool {
    #[cfg(windows)]
    if loader::is_detaching() {
        return true;
    }
    EXITING.load(Ordering::Relaxed)
}

/// Whether this thread runs the destructors of its thread-locals, where a panic aborts the process (std's "thread local
/// panicked on drop").
///
/// Nothing tells: a thread-local of ours may still be alive when another's destructor runs. So the question, which is
/// only asked before a panic in a debug build, is answered from the names on the stack.
pub(crate) fn in_thread_local_destructor() -> bool {
    let stack = std::backtrace::Backtrace::force_capture().to_string();
    // std: `std::sys::thread_local::…::destroy`, `…::destructors::…::run`, `…::guard::…`.
    // A binary without symbols cannot tell: then a panic is not worth the risk of an abort.
    !stack.contains("in_thread_local_destructor")
        || stack
            .lines()
            .any(|line| line.contains("thread_local") && (line.contains("destroy") || line.contains("destructors")))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::mpsc;
    use std::thread;

    use super::in_thread_local_destructor;

    /// Says, when it is dropped, what the stack says.
    struct Canary(mpsc::Sender<bool>);

    impl Drop for Canary {
        fn drop(&mut self) {
            let _ = self.0.send(in_thread_local_destructor());
        }
    }

    /// It fails when std calls the destructors by other names.
    #[test]
    fn the_names_on_the_stack_are_those_that_std_has() {
        thread_local!(static KEPT: RefCell<Option<Canary>> = const { RefCell::new(None) });
        let (sender, receiver) = mpsc::channel();
        let other = sender.clone();
        let thread = thread::spawn(move || {
            KEPT.set(Some(Canary(sender)));
            drop(Canary(other));
        });
        thread.join().unwrap();
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [false, true]);
    }
}
