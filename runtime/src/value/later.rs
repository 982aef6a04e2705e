//! A field that is filled when the value lives already.

use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex};

use crate::sync::lock;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::nest::Nest;
use crate::teardown::{Outcome, Progress, Teardown, Wait};
use crate::value::Shared;

/// A resource that is set once, through `&self`, after the value that owns it was made: a task that needs an `Arc` of its
/// owner, say. It needs no dummy until then.
///
/// Unset, it has stopped. Its shutdown closes it, so that what comes too late is given back and not left running.
///
/// ```
/// use std::sync::Arc;
/// use sundown::{CancellationToken, Later, ShutdownGuard, must_shutdown};
/// use tokio::task::JoinHandle;
///
/// #[must_shutdown(shared)]
/// struct Server {
///     #[shutdown]
///     stop: CancellationToken,
///     #[shutdown]
///     accept: Later<JoinHandle<()>>,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let (stop, accept) = (CancellationToken::new(), Later::new());
/// let server = Arc::new(Server { stop, accept, guard: ShutdownGuard::new() });
/// let accepts = Arc::clone(&server);
/// let task = tokio::spawn(async move { accepts.stop.cancelled().await });
/// server.accept.set(task).expect("it is set once, before the shutdown");
///
/// let (clients, report) = server.with_shutdown(async |server| Arc::strong_count(server)).await;
/// assert_eq!(clients, 2);
/// report.unwrap();
/// # }
/// ```
pub struct Later<T> {
    place: Shared<Place<T>>,
    /// Held by `set` and `get`, of which one at a time has the place: if another has it, that is its shutdown.
    calls: Arc<Mutex<()>>,
}

enum Place<T> {
    Unset,
    Set(T),
    /// Its shutdown began while it was unset.
    Closed,
}

impl<T> Later<T> {
    /// Not set yet.
    #[must_use]
    pub fn new() -> Self {
        Later { place: Shared::new(Place::Unset), calls: Arc::default() }
    }

    /// Sets it. May be called on any thread, and waits for no more than the clone that a [`get`](Self::get) makes.
    ///
    /// # Errors
    ///
    /// The value, if it was set before, or if its shutdown has begun: then it is the caller's to stop.
    pub fn set(&self, value: T) -> Result<(), T> {
        let _call = lock(&self.calls);
        match self.place.try_take() {
            Some(mut place) if matches!(*place, Place::Unset) => {
                *place = Place::Set(value);
                Ok(())
            }
            // If somebody has it, that is its shutdown.
            Some(_) | None => Err(value),
        }
    }

    /// A clone of the value, for a handle; none if it is not set, or its shutdown has begun.
    ///
    /// Of several calls one after the other makes its clone, which must not use this `Later`.
    #[must_use]
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        let _call = lock(&self.calls);
        match &*self.place.try_take()? {
            Place::Set(value) => Some(value.clone()),
            Place::Unset | Place::Closed => None,
        }
    }
}

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A cheap clone: all are one.
impl<T> Clone for Later<T> {
    fn clone(&self) -> Self {
        Later { place: self.place.clone(), calls: Arc::clone(&self.calls) }
    }
}

impl<T> fmt::Debug for Later<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later").finish_non_exhaustive()
    }
}

impl<T: Teardown> Teardown for Place<T> {
    fn request(&mut self, progress: &mut Progress) {
        match self {
            Place::Set(value) => value.request(progress),
            Place::Unset | Place::Closed => *self = Place::Closed,
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        match self {
            Place::Set(value) => value.wait(progress),
            Place::Unset | Place::Closed => Box::pin(ready(Outcome::Stopped)),
        }
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        match self {
            Place::Set(value) => value.wait_in(progress, nest),
            Place::Unset | Place::Closed => Box::pin(ready(Outcome::Stopped)),
        }
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Place::Set(value) = self {
            value.force(progress);
        }
    }

    fn is_idle(&self) -> bool {
        match self {
            Place::Set(value) => value.is_idle(),
            Place::Unset | Place::Closed => true,
        }
    }
}

impl<T: Teardown + Send + 'static> Teardown for &Later<T> {
    fn request(&mut self, progress: &mut Progress) {
        (&self.place).request(progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move { (&self.place).wait(progress).await })
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        let nest = nest.clone();
        Box::pin(async move { (&self.place).wait_in(progress, &nest).await })
    }

    fn force(&mut self, progress: &mut Progress) {
        (&self.place).force(progress);
    }

    fn is_idle(&self) -> bool {
        Teardown::is_idle(&&self.place)
    }
}

teardown_by_ref!([T: Teardown + Send + 'static] Later<T>);
