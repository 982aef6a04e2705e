//! A value that several owners share, and that any of them may shut down.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

#[cfg(feature = "tokio")]
use crate::driver::RuntimeContext;
use crate::driver::{self, Driver};
use crate::plan::{self, Step};
use crate::sync::slot::{Slot, Taken};
#[cfg(feature = "tokio")]
use crate::teardown::Ended;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::nest::{self, Nest};
use crate::teardown::{Outcome, Progress, Teardown, Wait};

/// A slot around a resource that is not a handle, so that it can be shared and torn down through `&`: for a
/// `#[must_shutdown(shared)]` struct, or one that is kept in several places. A cheap clone; all clones are one value.
///
/// The value is taken out while it is used and put back afterwards, so no lock is held meanwhile, not even across an
/// await. Once it was torn down, every other teardown of it has the same outcome.
///
/// ```
/// use sundown::{Progress, Shared, Teardown};
/// use tokio::task::JoinHandle;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let task: Shared<JoinHandle<()>> = Shared::new(tokio::spawn(async {}));
/// let same = task.clone();
/// same.take().await.abort();
/// # }
/// ```
pub struct Shared<T> {
    slot: Arc<Slot<Content<T>>>,
}

struct Content<T> {
    value: T,
    /// What is known of its teardown, no matter who runs it.
    progress: Progress,
}

impl<T> Shared<T> {
    /// Whether it was torn down.
    pub(crate) fn has_ended(&self) -> bool {
        self.slot.peek(|content| content.progress.outcome.is_some()) == Some(true)
    }

    /// Wraps `value`.
    pub fn new(value: T) -> Self {
        Shared { slot: Arc::new(Slot::new(Content { value, progress: Progress::new("") })) }
    }

    /// The value, until the guard is dropped; `None` while somebody else has it. Never blocks.
    #[must_use]
    pub fn try_take(&self) -> Option<SharedGuard<'_, T>> {
        self.slot.try_take().map(SharedGuard)
    }

    /// The value, until the guard is dropped, as soon as nobody else has it. Not in the order of the calls.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes nothing.
    pub async fn take(&self) -> SharedGuard<'_, T> {
        SharedGuard(self.slot.take().await.expect("a guard always puts the value back"))
    }
}

impl<T> Shared<T> {
    /// As [`take`](Self::take), blocking this thread. Inside an async runtime it holds up what else runs on this thread, and
    /// waits for itself if a task of the same thread has the value. In a Python method, detach around it:
    /// `py.detach(|| shared.take_blocking())`, if the value is `Send`.
    ///
    /// ```
    /// use sundown::Shared;
    ///
    /// let list = Shared::new(vec![1]);
    /// let same = list.clone();
    /// let other = std::thread::spawn(move || same.take_blocking().push(2));
    /// other.join().unwrap();
    /// assert_eq!(list.take_blocking().len(), 2);
    /// ```
    pub fn take_blocking(&self) -> SharedGuard<'_, T> {
        driver::block_on(&Driver::blocking(), self.take())
    }
}

/// The value of a [`Shared`], taken out; dropping this puts it back.
#[must_use = "the value is put back when this is dropped"]
pub struct SharedGuard<'a, T>(Taken<'a, Content<T>>);

impl<T> Deref for SharedGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> DerefMut for SharedGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0.value
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared { slot: Arc::clone(&self.slot) }
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Shared::new(T::default())
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Shared::new(value)
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The one who waits has the value meanwhile; others wait for it. A value that is in use when it should be asked is asked
/// when the wait gets it.
impl<T: Teardown + Send + 'static> Teardown for &Shared<T> {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(mut content) = self.slot.try_take() {
            content.request(progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(nest::root(|nest| self.ended(progress, nest)))
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        nest.enter(|nest| Box::pin(self.ended(progress, nest)))
    }

    fn is_idle(&self) -> bool {
        let content = self.slot.try_take();
        content.is_some_and(|content| content.progress.outcome.is_some() || content.value.is_idle())
    }

    fn force(&mut self, progress: &mut Progress) {
        match self.slot.try_take() {
            Some(mut content) => content.make_move(progress, |value, progress| value.force(progress)),
            None => progress.abandon("somebody else has taken it out"),
        }
    }
}

impl<T: Teardown + Send + 'static> Shared<T> {
    /// The next end of the value, or of a part of it, that nobody has requested; and whether that was the whole. The value
    /// is taken out meanwhile.
    #[cfg(feature = "tokio")]
    pub(crate) async fn watch(&self) -> Option<(Ended, bool)> {
        let mut content = self.slot.take().await?;
        let Content { value, progress } = &mut *content;
        if progress.outcome.is_some() {
            return None;
        }
        if progress.context.is_none() {
            progress.context = RuntimeContext::current();
        }
        let ended = plan::watch_step(&mut Step::new(value), progress).await?;
        Some((ended, progress.outcome.is_some()))
    }

    async fn ended(&self, progress: &mut Progress, nest: Nest) -> Outcome {
        let Some(mut content) = self.slot.take().await else { return Outcome::Stopped };
        if let Some(outcome) = &content.progress.outcome {
            return outcome.clone();
        }
        content.request(progress);
        let Content { value, progress: own } = &mut *content;
        let outcome = plan::ended(&mut Step::new(value), own, &nest).await;
        own.finish(outcome, plan::now(own));
        progress.detail.clone_from(&own.detail);
        progress.children = std::mem::take(&mut own.children);
        progress.within = own.within.take();
        own.outcome.clone().expect("it was just finished")
    }
}

impl<T: Teardown> Content<T> {
    /// Requests once, for the first who does.
    fn request(&mut self, progress: &mut Progress) {
        let asked = self.progress.requested.is_some();
        self.make_move(progress, |value, progress| {
            if !asked {
                value.request(progress);
            }
        });
    }

    /// Makes an operation of the value, unless it has ended, under the value's own `Progress`.
    fn make_move(&mut self, progress: &mut Progress, make: impl FnOnce(&mut T, &mut Progress)) {
        let own = &mut self.progress;
        if own.outcome.is_some() {
            return;
        }
        own.rename(&progress.name);
        own.driver.clone_from(&progress.driver);
        own.judges = progress.judges;
        // Once forced, by anyone, it is forced for all.
        (own.requested, own.forced, own.deadline) =
            (own.requested.or(progress.requested), own.forced.or(progress.forced), progress.deadline);
        make(&mut self.value, own);
        progress.detail.clone_from(&own.detail);
        if let Some(problem) = own.problem.take() {
            progress.problem(problem);
        }
    }
}

teardown_by_ref!([T: Teardown + Send + 'static] Shared<T>);
