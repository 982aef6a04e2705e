//! A leak check for ordinary tests: what a test left running, by name.
//!
//! | what is compared | how it is named | what is waited for |
//! |---|---|---|
//! | threads | name and thread id | the thread's end, by a pidfd (Linux 6.9 and newer) |
//! | child processes, and theirs | command and process id, and whether it only was not reaped | its end and its reaping, by a pidfd (the reaping on Linux 6.9 and newer) |
//! | guarded values and handles | type, state and where it was made | its removal from the [`registry`](crate::registry) |
//! | file descriptors | number and target, addresses of sockets | nothing tells that one was closed |
//! | tokio tasks, of the runtime that the check was made in | their number | nothing tells that one ended |
//!
//! What ends a little late is no leak: as long as something new is there, the check waits for an event of the third
//! column, looks again after each, and looks a last time when the bound has passed. There is no polling interval, so a
//! test that leaves nothing behind does not wait at all. Where there is no event, a straggler is only noticed to be gone
//! together with something else, or at the bound.
//!
//! Threads, processes and descriptors are those of the whole process, read from `/proc`.
//!
//! # On other systems
//!
//! On Windows, threads and child processes come from a Toolhelp snapshot, and their ends are events. Handles have no names:
//! there the number of all handles is compared, and `ignore_descriptors("handles")` ignores it. What Windows opens at the
//! first use of something and keeps counts as well, as the sockets' own handles do: use it once before. The threads of the
//! system's own pool are not counted, and a child that has ended is none.
//!
//! On macOS, threads come from the Mach task and child processes from libproc, by their names. No event tells that one has
//! ended: while one survives, the check looks every 10 ms. Descriptors are not compared.
//!
//! Elsewhere (the BSDs) there are the registry and tokio's tasks; threads, child processes and descriptors are not compared.
//!
//! The text of [`Survivors`] says each time what is not compared.
//!
//! # Tests that run side by side
//!
//! Another test of the same process is indistinguishable from a leak. Tests with a check belong into processes of their
//! own, as `cargo nextest` makes them, into a test file with one test, or under `--test-threads=1`.
//!
//! # What libraries keep
//!
//! What a library makes once and keeps is seen as new if it was made after the check: use it once before. (What tokio keeps
//! for signals, the check itself makes tokio make.) The workers of a runtime that is around the check, as of
//! `#[tokio::test(flavor = "multi_thread")]`, are older than the check. tokio ends the idle threads of `spawn_blocking`
//! after ten seconds: where the runtime outlives the check, wait longer, configure `thread_keep_alive`, or
//! [ignore](LeakCheck::ignore_threads) them by name.

mod census;
mod events;
#[cfg(not(target_os = "linux"))]
mod no_descriptors;
#[cfg(target_os = "linux")]
mod procfs;
#[cfg(target_os = "linux")]
mod sockets;
mod survivors;
#[cfg(windows)]
mod windows;

#[cfg(not(any(target_os = "linux", windows)))]
use no_descriptors as os;
#[cfg(target_os = "linux")]
use procfs as os;
#[cfg(windows)]
use windows as os;

use std::panic::Location;
use std::thread;
use std::time::{Duration, Instant};

use census::{Census, Ignored};
use events::Watcher;

pub use survivors::{Survivor, Survivors};

/// How long the guard's drop waits for stragglers, if nothing else was said.
const WITHIN: Duration = Duration::from_secs(1);

/// Compares what runs now with what ran when the check was made. The message names each survivor, and for each kind what is
/// to be done about it.
///
/// As a guard it panics at the end of its scope, naming every survivor, unless the thread is unwinding already. Declared
/// first, it is dropped last:
///
/// ```standalone_crate
/// use sundown::testing::LeakCheck;
///
/// let _leaks = LeakCheck::new();
/// let worker = std::thread::spawn(|| 6 * 7);
/// assert_eq!(worker.join().unwrap(), 42);
/// ```
///
/// As an assertion it says when to look, and how long stragglers may take:
///
/// ```standalone_crate
/// use std::time::Duration;
/// use sundown::testing::LeakCheck;
///
/// let mut leaks = LeakCheck::new();
/// let (work, works) = std::sync::mpsc::sync_channel(0);
/// let builder = std::thread::Builder::new().name("forgotten".into());
/// let worker = builder.spawn(move || works.iter().for_each(drop)).unwrap();
/// work.send(()).unwrap(); // taken: it runs, and has set its name
///
/// let survivors = leaks.survivors(Duration::ZERO);
/// # #[cfg(any(target_os = "linux", target_os = "macos", windows))]
/// assert!(survivors.to_string().contains("thread `forgotten`"), "{survivors}");
///
/// drop(work);
/// worker.join().unwrap();
/// leaks.assert_none(Duration::from_secs(5));
/// ```
#[derive(Debug)]
#[must_use = "a leak check that is dropped at once compares nothing: bind it to a name, such as `_leaks`"]
pub struct LeakCheck {
    before: Census,
    made: &'static Location<'static>,
    ignored: Ignored,
    within: Duration,
    /// Whether somebody has looked, so that the drop has nothing to say.
    looked: bool,
}

impl LeakCheck {
    /// Remembers what runs now, and the tokio runtime around the caller.
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "what is made here depends on when and where")]
    pub fn new() -> Self {
        #[cfg(feature = "tokio")]
        make_signal_pair();
        let ignored = Ignored::default();
        LeakCheck {
            before: Census::take(&ignored, &[], 0),
            made: Location::caller(),
            ignored,
            within: WITHIN,
            looked: false,
        }
    }

    /// How long the drop of this guard waits for stragglers. 1 s if it is not set.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Ignores threads by name: `tokio-rt-worker`, or with `*` for any text, `sqlx-*`. Linux keeps the first 15 bytes of
    /// a name, so a longer pattern without `*` is cut there too.
    pub fn ignore_threads(mut self, pattern: impl Into<String>) -> Self {
        self.ignored.thread(pattern.into());
        self
    }

    /// Ignores file descriptors by what they lead to, as [`Survivor::Descriptor`] has it: a path or `socket:[123]`, with
    /// `*` for any text. On Windows, `handles` stands for the number of all handles.
    pub fn ignore_descriptors(mut self, pattern: impl Into<String>) -> Self {
        self.ignored.descriptor(pattern.into());
        self
    }

    /// What was not there when the check was made and is still there, once it all has ended or `within` has passed.
    ///
    /// It may be called again. The drop says nothing more once it was called.
    ///
    /// Blocks the thread while something survives. In a task of a runtime use [`survivors_async`](Self::survivors_async),
    /// because what is waited for may need the thread.
    pub fn survivors(&mut self, within: Duration) -> Survivors {
        self.looked = true;
        let start = Instant::now();
        let until = start.checked_add(within);
        let watcher = Watcher::new();
        loop {
            // Cleared before the look: what happens after it ends the wait.
            watcher.clear();
            let found = self.look(&watcher);
            if found.is_empty() || until.is_some_and(|until| Instant::now() >= until) {
                return Survivors::new(found.into_survivors(), self.made, start.elapsed());
            }
            watcher.wait(&found, until);
        }
    }

    /// As [`survivors`](Self::survivors), for a task of a runtime: the runtime goes on meanwhile.
    ///
    /// A thread named `sundown-leaks`, which no check counts, waits for the events. Needs no particular runtime.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any point and called again; the thread ends then.
    pub async fn survivors_async(&mut self, within: Duration) -> Survivors {
        self.looked = true;
        let start = Instant::now();
        let until = start.checked_add(within);
        let watcher = Watcher::new();
        loop {
            self.before.let_tasks_end().await;
            watcher.clear();
            let found = self.look(&watcher);
            if found.is_empty() || until.is_some_and(|until| Instant::now() >= until) {
                return Survivors::new(found.into_survivors(), self.made, start.elapsed());
            }
            watcher.wait_async(found, until).await;
        }
    }

    /// Asserts that there are no [`survivors`](Self::survivors).
    ///
    /// # Panics
    ///
    /// If there are. The message names each.
    #[track_caller]
    pub fn assert_none(mut self, within: Duration) {
        let survivors = self.survivors(within);
        assert!(survivors.is_empty(), "{survivors}");
    }

    /// Asserts that there are no [`survivors`](Self::survivors_async), for a task of a runtime.
    ///
    /// # Panics
    ///
    /// If there are. The message names each.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, nothing was asserted.
    pub async fn assert_none_async(mut self, within: Duration) {
        let survivors = self.survivors_async(within).await;
        assert!(survivors.is_empty(), "{survivors}");
    }

    fn look(&self, watcher: &Watcher) -> Census {
        Census::take(&self.ignored, &watcher.descriptors(), watcher.handles()).since(&self.before)
    }
}

/// Panics with the list of survivors. It blocks as [`survivors`](Self::survivors) does, so an async test had better end
/// with [`assert_none_async`](Self::assert_none_async).
impl Drop for LeakCheck {
    fn drop(&mut self) {
        if self.looked || thread::panicking() {
            return;
        }
        let survivors = self.survivors(self.within);
        assert!(survivors.is_empty(), "{survivors}");
    }
}

/// The first runtime of a process with a driver for signals makes a pair of sockets that is never closed, so that every
/// test which makes a runtime would seem to leak two descriptors.
#[cfg(feature = "tokio")]
fn make_signal_pair() {
    static MADE: std::sync::Once = std::sync::Once::new();
    MADE.call_once(|| {
        // Without a runtime there is no pair, and the test has other worries.
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            // The drop of a runtime panics in async code; this does not, and there is nothing to wait for.
            runtime.shutdown_background();
        }
    });
}
