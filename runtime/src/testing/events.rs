//! The wait for something of what survives to end.
//!
//! Invariants of [`Watcher`]:
//! 1. `pending` is set, and on Linux one byte is in the pipe, exactly if the registry has changed since
//!    [`clear`](Watcher::clear). Both change under the lock, so a write finds an empty pipe and never blocks. On Windows it
//!    is an event of the system's.
//! 2. A watcher is in the list from its making to its drop, so no change between a look and the wait is missed.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::census::{Census, HELPER};
use crate::host::fork::PerProcess;
use crate::sync::lock;
use crate::value::nodes;

static WATCHERS: PerProcess<Mutex<Vec<Arc<Signal>>>> = PerProcess::new(Mutex::default);

/// Something left the registry.
fn registry_changed() {
    let watchers = lock(WATCHERS.get()).clone();
    watchers.iter().for_each(|signal| signal.raise());
}

/// Waits for the end of survivors.
#[derive(Debug)]
pub(super) struct Watcher {
    signal: Arc<Signal>,
}

impl Watcher {
    pub(super) fn new() -> Self {
        nodes::on_change(registry_changed);
        let signal = Arc::new(Signal::new());
        lock(WATCHERS.get()).push(Arc::clone(&signal));
        Watcher { signal }
    }

    /// Forgets what has happened so far.
    pub(super) fn clear(&self) {
        self.signal.clear();
    }

    /// The descriptors that the check itself has open.
    pub(super) fn descriptors(&self) -> Vec<i32> {
        self.signal.descriptors()
    }

    /// How many handles it has open, where descriptors have no numbers.
    pub(super) fn handles(&self) -> u32 {
        self.signal.handles()
    }

    /// Blocks until one of the survivors has ended, the registry has changed, or `until` has come; or nothing of it, for
    /// no reason.
    pub(super) fn wait(&self, survivors: &Census, until: Option<Instant>) {
        self.signal.wait(survivors, until);
    }

    /// As [`wait`](Self::wait), with a thread that blocks in place of the caller's.
    pub(super) async fn wait_async(&self, survivors: Census, until: Option<Instant>) {
        /// Ends the thread when the caller is no longer interested: what it holds must not be seen by the next check.
        struct Call<'a>(&'a Signal, Option<JoinHandle<()>>);
        impl Drop for Call<'_> {
            fn drop(&mut self) {
                self.0.raise();
                // Its wake may poll the caller, there and then.
                if let Some(thread) = self.1.take_if(|thread| thread.thread().id() != thread::current().id()) {
                    let _ = thread.join();
                }
            }
        }

        let ended = Arc::new(Mutex::new((false, None::<Waker>)));
        let thread = {
            let (signal, ended) = (Arc::clone(&self.signal), Arc::clone(&ended));
            thread::Builder::new().name(HELPER.to_owned()).spawn(move || {
                signal.wait(&survivors, until);
                drop((signal, survivors));
                let waker = {
                    let mut ended = lock(&ended);
                    ended.0 = true;
                    ended.1.take()
                };
                if let Some(waker) = waker {
                    waker.wake();
                }
            })
        };
        let _call = Call(&self.signal, Some(thread.expect("a test can start a thread")));
        poll_fn(|cx| {
            let mut ended = lock(&ended);
            if ended.0 {
                return Poll::Ready(());
            }
            ended.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        lock(WATCHERS.get()).retain(|signal| !Arc::ptr_eq(signal, &self.signal));
    }
}

#[cfg(target_os = "linux")]
use linux::Signal;
#[cfg(not(any(target_os = "linux", windows)))]
use other::Signal;
#[cfg(windows)]
use windows::Signal;

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "std has neither poll(2) nor pidfds")]
mod linux {
    use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
    use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
    use std::sync::Mutex;
    use std::time::Instant;

    use super::super::census::Census;
    use crate::sync::lock;

    /// `PIDFD_THREAD` of `pidfd_open(2)`: one thread and not its process. Linux 6.9.
    const THREAD: libc::c_uint = libc::O_EXCL.cast_unsigned();

    #[derive(Debug)]
    pub(super) struct Signal {
        pending: Mutex<bool>,
        reader: PipeReader,
        writer: PipeWriter,
    }

    impl Signal {
        pub(super) fn new() -> Self {
            let (reader, writer) = std::io::pipe().expect("a test can open a pipe");
            Signal { pending: Mutex::new(false), reader, writer }
        }

        pub(super) fn raise(&self) {
            let mut pending = lock(&self.pending);
            if !std::mem::replace(&mut *pending, true) {
                (&self.writer).write_all(&[1]).expect("both ends are open, and the pipe is empty");
            }
        }

        pub(super) fn clear(&self) {
            let mut pending = lock(&self.pending);
            if std::mem::replace(&mut *pending, false) {
                (&self.reader).read_exact(&mut [0]).expect("both ends are open, and a byte is there");
            }
        }

        pub(super) fn descriptors(&self) -> Vec<i32> {
            vec![self.reader.as_raw_fd(), self.writer.as_raw_fd()]
        }

        pub(super) fn handles(&self) -> u32 {
            0
        }

        pub(super) fn wait(&self, survivors: &Census, until: Option<Instant>) {
            let mut polled = vec![(libc::POLLIN, self.reader.as_raw_fd())];
            let mut open = Vec::new();
            // Whether somebody is still there is asked after the descriptor was opened, because the id may be another's
            // by now. Where the kernel gives no descriptor there is no event: the others and the bound must do.
            for thread in &survivors.threads {
                let opened = pidfd(thread.tid, THREAD);
                if !thread.is_there() {
                    return;
                }
                if let Some(fd) = opened {
                    // A hang-up tells that it has left `/proc/self/task`; its end comes a moment before.
                    polled.push((0, fd.as_raw_fd()));
                    open.push(fd);
                }
            }
            for process in &survivors.processes {
                let opened = pidfd(process.pid, 0);
                if !process.is_there() {
                    return;
                }
                if let Some(fd) = opened {
                    // A zombie is readable already; a hang-up tells that it was reaped.
                    polled.push((if process.zombie { 0 } else { libc::POLLIN }, fd.as_raw_fd()));
                    open.push(fd);
                }
            }
            poll(&polled, until);
        }
    }

    /// A descriptor of a process or a thread, if the kernel gives one.
    fn pidfd(id: u32, flags: libc::c_uint) -> Option<OwnedFd> {
        // SAFETY: the call takes two numbers and touches no memory.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, id, flags) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        // SAFETY: the call has returned a new descriptor, which nobody else owns.
        Some(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Blocks until one of the descriptors is ready, or `until` has come. A signal ends it too.
    fn poll(descriptors: &[(libc::c_short, i32)], until: Option<Instant>) {
        let mut polled: Vec<libc::pollfd> =
            descriptors.iter().map(|&(events, fd)| libc::pollfd { fd, events, revents: 0 }).collect();
        let timeout = match until.map(|until| until.saturating_duration_since(Instant::now())) {
            None => -1,
            // Rounded up, so that the time has come afterwards.
            Some(left) => i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX),
        };
        let length = libc::nfds_t::try_from(polled.len()).expect("as many as there are descriptors");
        // SAFETY: the pointer and the length are those of a vector that outlives the call.
        let _ready = unsafe { libc::poll(polled.as_mut_ptr(), length, timeout) };
    }
}

#[cfg(windows)]
#[allow(unsafe_code, reason = "std waits for no handle")]
mod windows {
    use std::os::windows::io::{AsRawHandle as _, OwnedHandle};
    use std::time::Instant;

    use windows_sys::Win32::System::Threading::{INFINITE, ResetEvent, SetEvent, WaitForMultipleObjects};

    use super::super::census::Census;
    use super::super::os;

    /// One call waits for at most this number of handles (`MAXIMUM_WAIT_OBJECTS`).
    const MOST: usize = 64;

    /// An event of the system's, which stays set until it is cleared.
    #[derive(Debug)]
    pub(super) struct Signal(OwnedHandle);

    impl Signal {
        pub(super) fn new() -> Self {
            Signal(os::event().expect("a test can make an event"))
        }

        pub(super) fn raise(&self) {
            // SAFETY: the handle is open.
            unsafe { SetEvent(self.0.as_raw_handle()) };
        }

        pub(super) fn clear(&self) {
            // SAFETY: the handle is open.
            unsafe { ResetEvent(self.0.as_raw_handle()) };
        }

        pub(super) fn descriptors(&self) -> Vec<i32> {
            Vec::new()
        }

        pub(super) fn handles(&self) -> u32 {
            1
        }

        /// Of more survivors than one call waits for, the first are waited for.
        pub(super) fn wait(&self, survivors: &Census, until: Option<Instant>) {
            let threads = survivors.threads.iter().map(|thread| thread.end());
            let ends: Option<Vec<OwnedHandle>> =
                threads.chain(survivors.processes.iter().map(|process| process.end())).take(MOST - 1).collect();
            let Some(ends) = ends else { return }; // one of them has ended meanwhile
            let handles: Vec<_> = [&self.0].into_iter().chain(&ends).map(|handle| handle.as_raw_handle()).collect();
            let timeout = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => INFINITE,
                // Rounded up, so that the time has come afterwards.
                Some(left) => u32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(INFINITE - 1),
            };
            // SAFETY: the handles are open, and as many as the length says.
            unsafe { WaitForMultipleObjects(handles.len() as u32, handles.as_ptr(), 0, timeout) };
        }
    }
}

#[cfg(not(any(target_os = "linux", windows)))]
mod other {
    use std::sync::{Condvar, Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use super::super::census::Census;
    use crate::sync::lock;

    /// Nothing tells that a thread of macOS's has ended, nor that a child was reaped: where one survives, each time after this
    /// there is a look.
    const LOOK: Duration = Duration::from_millis(10);

    #[derive(Debug, Default)]
    pub(super) struct Signal {
        pending: Mutex<bool>,
        raised: Condvar,
    }

    impl Signal {
        pub(super) fn new() -> Self {
            Self::default()
        }

        pub(super) fn raise(&self) {
            *lock(&self.pending) = true;
            self.raised.notify_all();
        }

        pub(super) fn clear(&self) {
            *lock(&self.pending) = false;
        }

        pub(super) fn descriptors(&self) -> Vec<i32> {
            Vec::new()
        }

        pub(super) fn handles(&self) -> u32 {
            0
        }

        pub(super) fn wait(&self, survivors: &Census, until: Option<Instant>) {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let ends_are_events = survivors.threads.is_empty() && survivors.processes.is_empty();
            let left = if ends_are_events { left } else { Some(left.map_or(LOOK, |left| left.min(LOOK))) };
            let pending = lock(&self.pending);
            match left {
                None => {
                    drop(self.raised.wait_while(pending, |pending| !*pending).unwrap_or_else(PoisonError::into_inner))
                }
                Some(left) => drop(
                    self.raised
                        .wait_timeout_while(pending, left, |pending| !*pending)
                        .unwrap_or_else(PoisonError::into_inner),
                ),
            }
        }
    }
}
