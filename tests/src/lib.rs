//! What the integration tests share.

mod cases;
mod threads;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use sundown::{Outcome, Progress, Teardown, Wait};

pub use cases::{NotPassed, run_cases};
pub use threads::thread_names;

/// Longer than any step of these tests takes on a busy machine, and shorter than a test runner's patience.
pub const GENEROUS: Duration = Duration::from_secs(30);

/// Whether a sanitizer runs this test, by the variable of its options: its frames are larger, and all is many times as slow.
#[must_use]
pub fn is_sanitized() -> bool {
    ["ASAN_OPTIONS", "TSAN_OPTIONS"].iter().any(|name| std::env::var_os(name).is_some())
}

/// Forgets a future where a leak checker finds it: one that it reports is no test's.
pub fn forget<F: ?Sized>(future: Pin<Box<F>>) {
    static ALL: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    ALL.lock().unwrap().push(std::ptr::from_ref(&*future).cast::<()>().expose_provenance());
    std::mem::forget(future);
}

/// Polls it once: whether it is not ready yet.
pub async fn is_pending<F: Future>(future: &mut Pin<Box<F>>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// A resource that notes what is done to it, and ends when the test releases it or it is forced. A clone is the same
/// resource; it can be moved out of a value that is dropped.
#[derive(Clone, Default)]
pub struct Spy {
    inner: Arc<Inner>,
}

/// A [`Spy`] that cannot be moved out of a value.
#[derive(Clone, Default)]
pub struct Pinned(pub Spy);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    released: bool,
    panics_on_force: bool,
    wakers: Vec<Waker>,
}

/// What was done to a [`Spy`], and on which thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The move.
    pub what: What,
    /// The name of the thread.
    pub thread: String,
}

/// A move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// `request`.
    Requested,
    /// The wait returned.
    Ended,
    /// `force`.
    Forced,
}

impl Spy {
    /// A spy that has not been asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A spy whose wait ends as soon as it is polled.
    #[must_use]
    pub fn released() -> Self {
        let spy = Self::new();
        spy.release();
        spy
    }

    /// A spy whose `force` panics.
    #[must_use]
    pub fn panicking() -> Self {
        let spy = Self::new();
        spy.inner.state.lock().unwrap().panics_on_force = true;
        spy
    }

    /// Lets the wait end.
    pub fn release(&self) {
        self.change(|state| state.released = true);
    }

    /// What was done so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.inner.state.lock().unwrap().events.clone()
    }

    /// What was done so far, without the threads.
    #[must_use]
    pub fn moves(&self) -> Vec<What> {
        self.events().into_iter().map(|event| event.what).collect()
    }

    /// The name of the thread that made a move, as soon as it was made.
    ///
    /// # Panics
    ///
    /// If it is not made within [`GENEROUS`].
    #[must_use]
    pub fn thread_of(&self, what: What) -> String {
        let end = Instant::now() + GENEROUS;
        let mut state = self.inner.state.lock().unwrap();
        loop {
            if let Some(event) = state.events.iter().find(|event| event.what == what) {
                return event.thread.clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what:?} did not happen: {:?}", state.events);
            state = self.inner.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// As [`thread_of`](Self::thread_of), for a task of a runtime, which goes on meanwhile.
    pub async fn thread_of_async(&self, what: What) -> String {
        let spy = self.clone();
        tokio::task::spawn_blocking(move || spy.thread_of(what)).await.expect("it does not panic")
    }

    fn note(&self, what: What) {
        let thread = thread::current().name().unwrap_or("unnamed").to_owned();
        self.change(|state| state.events.push(Event { what, thread }));
    }

    fn change(&self, make: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = self.inner.state.lock().unwrap();
            make(&mut state);
            self.inner.changed.notify_all();
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Teardown for Spy {
    fn request(&mut self, _progress: &mut Progress) {
        self.note(What::Requested);
    }

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            poll_fn(|cx| {
                let mut state = self.inner.state.lock().unwrap();
                if state.released {
                    return Poll::Ready(());
                }
                state.wakers.push(cx.waker().clone());
                Poll::Pending
            })
            .await;
            self.note(What::Ended);
            Outcome::Stopped
        })
    }

    fn force(&mut self, _progress: &mut Progress) {
        self.note(What::Forced);
        let panics = self.inner.state.lock().unwrap().panics_on_force;
        assert!(!panics, "a force that panics");
        self.release();
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(self.clone()))
    }
}

impl Teardown for Pinned {
    fn request(&mut self, progress: &mut Progress) {
        self.0.request(progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        self.0.wait(progress)
    }

    fn force(&mut self, progress: &mut Progress) {
        self.0.force(progress);
    }
}

#[doc(hidden)]
pub use sundown as __sundown;

/// A struct that is annotated by the macro of one crate in another.
#[macro_export]
macro_rules! annotated {
    ($vis:vis struct $name:ident) => {
        #[$crate::__sundown::must_shutdown(crate = $crate::__sundown)]
        $vis struct $name {
            #[shutdown]
            $vis jobs: $crate::__sundown::Tasks,
            #[shutdown(with = async |_| (), request = |_| (), after = jobs)]
            $vis pool: u8,
            $vis guard: $crate::__sundown::ShutdownGuard<Self>,
        }
    };
}
