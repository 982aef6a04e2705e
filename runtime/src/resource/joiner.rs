//! A helper thread for a foreign handle that can be waited for by blocking alone.
//!
//! One is made per handle and only where there is no completion event to await: a bare `std::thread::JoinHandle`, a
//! child process under the blocking driver. Handles whose threads have returned share two threads
//! ([`Joiner::finished`]). One outlives a teardown that gave up, until what it waits for ends; it is named after the
//! step so that it can be told in a list of threads.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::driver::Driver;
use crate::driver::background::{Background, Job};
use crate::host::user_threads::Owner;
use crate::sync::latch::Latch;
use crate::sync::lock;

/// What the names of the threads begin with.
pub const NAME: &str = "sundown-join";

/// For what is most likely over: one of them is inside a call, and the other outside.
static FINISHED: Background = Background::with_spare(NAME);

/// A thread that runs one blocking call and gives its result by event.
#[derive(Debug)]
pub(crate) struct Joiner<T> {
    shared: Arc<Shared<T>>,
    name: String,
}

#[derive(Debug)]
struct Shared<T> {
    /// Written before `done` is set.
    result: Mutex<Option<thread::Result<T>>>,
    done: Latch,
}

impl<T> Shared<T> {
    fn new() -> Self {
        Shared { result: Mutex::new(None), done: Latch::new() }
    }

    fn end(&self, result: thread::Result<T>) {
        *lock(&self.result) = Some(result);
        self.done.set();
    }
}

/// A job is dropped without having run if the thread cannot be started that another one has promised it.
struct EndsAnyway<T>(Arc<Shared<T>>);

impl<T> Drop for EndsAnyway<T> {
    fn drop(&mut self) {
        if !self.0.done.is_set() {
            self.0.end(Err(no_thread(&"it was not started")));
        }
    }
}

/// The payload of what could not run.
fn no_thread(why: &dyn fmt::Display) -> Box<dyn Any + Send> {
    Box::new(format!("no thread to wait for it with: {why}"))
}

impl<T: Send + 'static> Joiner<T> {
    /// Starts the thread for the step called `step`. It runs `join` at once.
    ///
    /// If the thread cannot be started, the wait's result says so, as a panic's would, and `join` is leaked: dropping
    /// what it owns, a runtime say, could block here and now.
    pub(crate) fn spawn<F>(step: &str, join: F) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
    {
        Self::try_spawn(step, join).unwrap_or_else(|error| {
            let shared = Arc::new(Shared::new());
            shared.end(Err(no_thread(&error)));
            Joiner { shared, name: NAME.to_owned() }
        })
    }

    /// As [`spawn`](Self::spawn).
    ///
    /// # Errors
    ///
    /// If the thread cannot be started; `join` is leaked then.
    pub(crate) fn try_spawn<F>(step: &str, join: F) -> io::Result<Self>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        // The OS keeps the first 15 bytes; a NUL, which it refuses, cannot come from an identifier but from a name.
        let name = format!("{NAME} {}", step.replace('\0', " "));
        let shared = Arc::new(Shared::new());
        let join = Arc::new(Mutex::new(Some(join)));
        let (for_thread, for_join) = (Arc::clone(&shared), Arc::clone(&join));
        let spawned = thread::Builder::new().name(name.clone()).spawn(move || {
            Owner::new().adopt_current();
            let join = lock(&for_join).take();
            if let Some(join) = join {
                for_thread.end(catch_unwind(AssertUnwindSafe(join)));
            }
        });
        if let Err(error) = spawned {
            std::mem::forget(lock(&join).take());
            return Err(error);
        }
        Ok(Joiner { shared, name })
    }

    /// As [`spawn`](Self::spawn), for a call that most likely returns at once, as the join of a thread that has
    /// returned and may run destructors of its data: a thread of its own would cost more than the call. One that blocks
    /// delays no other.
    pub(crate) fn finished<F>(join: F) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let shared = Arc::new(Shared::new());
        let for_job = EndsAnyway(Arc::clone(&shared));
        let job = Job::new(Driver::background(), move |_| async move {
            for_job.0.end(catch_unwind(AssertUnwindSafe(join)));
        });
        if let Err(error) = FINISHED.submit(job, None) {
            shared.end(Err(no_thread(&error)));
        }
        Joiner { shared, name: NAME.to_owned() }
    }

    /// The call's result, or the payload of its panic. Only the first wait that ends gets it.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and made anew: the thread and the result are kept by the `Joiner`, which belongs into
    /// [`Progress::keep`](crate::Progress::keep).
    ///
    /// # Panics
    ///
    /// If the result was taken before.
    pub(crate) async fn wait(&mut self) -> thread::Result<T> {
        self.shared.done.wait().await;
        lock(&self.shared.result).take().expect("the result of a joiner is waited for once")
    }

    /// The thread's name, to report one that outlives the deadline.
    pub(crate) fn thread_name(&self) -> &str {
        &self.name
    }
}

/// What another thread waits for a child by: its id.
#[cfg(unix)]
pub(crate) type Watched = u32;

/// What another thread waits for a child by: a handle.
#[cfg(windows)]
pub(crate) type Watched = std::os::windows::io::OwnedHandle;

/// Blocks until the child process `pid` has exited, and leaves it to its owner to reap it.
///
/// # Errors
///
/// `ECHILD` if it is no child of this process or was reaped already.
#[cfg(unix)]
#[allow(unsafe_code, reason = "std and tokio cannot wait for a child without reaping it")]
pub(crate) fn wait_exit(pid: Watched) -> io::Result<()> {
    loop {
        // SAFETY: `waitid` writes to `info`, for which all zeroes is a value.
        let result = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, libc::WEXITED | libc::WNOWAIT)
        };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Blocks until the process has exited.
///
/// # Errors
///
/// The OS's.
#[cfg(windows)]
#[allow(unsafe_code, reason = "std waits with the `Child` alone")]
pub(crate) fn wait_exit(process: Watched) -> io::Result<()> {
    use std::os::windows::io::AsRawHandle as _;

    use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
    use windows_sys::Win32::System::Threading::{INFINITE, WaitForSingleObject};

    // SAFETY: the handle is open.
    match unsafe { WaitForSingleObject(process.as_raw_handle(), INFINITE) } {
        WAIT_OBJECT_0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::collections::HashSet;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use super::*;
    use crate::driver::{self, Driver};

    #[test]
    fn a_wait_that_was_dropped_loses_nothing() {
        let (go, wait) = mpsc::channel::<()>();
        let mut joiner = Joiner::spawn("Runner.tail", move || wait.recv().is_ok());
        assert_eq!(joiner.thread_name(), "sundown-join Runner.tail");
        assert!(pin!(joiner.wait()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        go.send(()).unwrap();
        assert!(driver::block_on(&Driver::blocking(), joiner.wait()).unwrap());
    }

    #[test]
    fn a_panic_is_the_result() {
        let mut joiner = Joiner::spawn("step", || panic!("boom"));
        let payload = driver::block_on(&Driver::blocking(), joiner.wait()).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"boom"));
    }

    /// Some threads do them all, and one that blocks in its thread's destructors delays no other.
    #[test]
    fn those_that_are_most_likely_over_share_threads() {
        let wait = |joiner: &mut Joiner<_>| driver::block_on(&Driver::blocking(), joiner.wait()).unwrap();
        let (go, blocked) = mpsc::channel::<()>();
        let mut first = Joiner::finished(move || {
            blocked.recv().unwrap();
            thread::current().id()
        });
        let mut others: Vec<_> = (0..100).map(|_| Joiner::finished(|| thread::current().id())).collect();
        let threads: HashSet<_> = others.iter_mut().map(wait).collect();
        assert!(threads.len() < 50, "{} threads for 100 calls", threads.len());
        go.send(()).unwrap();
        wait(&mut first);
    }

    #[cfg(unix)]
    #[test]
    fn an_exit_is_seen_and_the_child_left_to_be_reaped() {
        let mut child = std::process::Command::new("sh").args(["-c", "exit 3"]).spawn().unwrap();
        wait_exit(child.id()).unwrap();
        assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(3));
        assert_eq!(wait_exit(child.id()).unwrap_err().raw_os_error(), Some(libc::ECHILD));
    }
}
