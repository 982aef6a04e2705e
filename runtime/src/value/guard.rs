//! The public guard of one value; what it knows is in its [`Entry`].

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use crate::observe;
use crate::plan::Spec;
use crate::teardown::{Report, ShutdownError};
use crate::value::entry::Entry;
use crate::value::nodes::{self, Node, Phase, Registered};
use crate::value::on_drop;

/// Enforces the shutdown of the value that it is a field of.
///
/// Created where the value is, it knows the type, the place and the tokio runtime around it. A value that is dropped
/// before its shutdown began is dealt with by the [drop policy](crate::OnDrop). It is one pointer in size.
///
/// Make it last: a constructor that fails after it has made the guard drops what it has made by then without a shutdown,
/// and the guard reports that.
///
/// ```
/// use sundown::{ShutdownGuard, Tasks, must_shutdown};
///
/// #[must_shutdown]
/// struct Runner {
///     #[shutdown]
///     jobs: Tasks,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut runner = Runner { jobs: Tasks::new(), guard: ShutdownGuard::new() };
/// assert!(runner.guard.location().file().ends_with(".rs"));
/// runner.shutdown().await.unwrap();
/// # }
/// ```
#[must_use = "a guard belongs into the value that it guards"]
pub struct ShutdownGuard<T: ?Sized> {
    entry: Arc<Entry>,
    registered: Registered,
    value: PhantomData<fn() -> T>,
}

impl<T: Guarded> ShutdownGuard<T> {
    /// A guard for a value made by the caller.
    #[track_caller]
    pub fn new() -> Self {
        Self::at(Location::caller())
    }

    /// A guard for a value made at `location`: what a constructor that is `#[track_caller]` passes on.
    pub fn at(location: &'static Location<'static>) -> Self {
        let entry = Arc::new(Entry::new(T::SPEC, std::any::type_name::<T>(), location));
        let node: Weak<Entry> = Arc::downgrade(&entry);
        let registered = nodes::register(node as Weak<dyn Node>);
        entry.is_registered.store(registered.is_somewhere(), Ordering::Relaxed);
        observe::created(entry.spec.name);
        ShutdownGuard { entry, registered, value: PhantomData }
    }
}

impl<T: ?Sized> ShutdownGuard<T> {
    pub(crate) fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// Where the value was made.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.entry.location
    }

    /// Whether the value should stop: its shutdown has begun, or somebody wants it to, by `request_shutdown` or by
    /// [`registry::shutdown_all`](crate::registry::shutdown_all), which could not reach the value itself.
    #[must_use]
    pub fn stop_requested(&self) -> bool {
        self.entry.is_stop_requested()
    }

    /// A token that is cancelled when [`stop_requested`](Self::stop_requested) becomes true, to await it.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn stop_token(&self) -> tokio_util::sync::CancellationToken {
        self.entry.stop_token()
    }

    /// The state of the value.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.entry.phase()
    }

    /// Lets go on purpose: the value may be dropped without a shutdown.
    pub fn dismiss(&self) {
        self.entry.dismiss();
    }

    /// Records the report of a `manual` type's shutdown, which is written by hand. The first report counts.
    ///
    /// # Errors
    ///
    /// The error of a report that is not clean, so that a hand-written `shutdown` can end with
    /// `self.guard.finish(report)`.
    pub fn finish(&self, report: Report) -> Result<Report, ShutdownError>
    where
        T: ByHand,
    {
        self.entry.finish(report.into_result())
    }
}

impl<T: Guarded> Default for ShutdownGuard<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// Implemented for nothing: it says why a `#[derive(Clone)]` above `#[must_shutdown]`, which the macro cannot see, fails.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` owns its resources, and cannot be cloned",
    label = "a value is shut down once: of two clones one would be dropped without it",
    note = "remove `Clone`, write `#[must_shutdown(shared)]`, and share an `Arc<{Self}>`; a facade around it can be \
            `#[derive(Clone, Teardown)]`"
)]
pub trait SharedOwner {}

#[doc(hidden)]
impl<T: SharedOwner> Clone for ShutdownGuard<T> {
    fn clone(&self) -> Self {
        unreachable!("no type is a `SharedOwner`")
    }
}

impl<T: ?Sized> fmt::Debug for ShutdownGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownGuard")
            .field("type", &self.entry.type_name)
            .field("created", &format_args!("{}", self.entry.location))
            .field("phase", &self.phase())
            .finish()
    }
}

/// The guard of a `manual` type is all that notices the drop. Of the others the generated `Drop` has run before, and leaves
/// none live: a guard that is live here belongs to no value.
impl<T: ?Sized> Drop for ShutdownGuard<T> {
    fn drop(&mut self) {
        if self.registered.is_inherited() {
            // A lock of it may be held forever, and what it keeps is the parent's: this clone is never dropped.
            std::mem::forget(Arc::clone(&self.entry));
            return;
        }
        self.entry.gone();
        observe::gone(self.entry.spec.name);
        on_drop::guard(&self.entry);
    }
}

/// A type with a [`ShutdownGuard`]: every `#[must_shutdown]` struct, `manual` ones too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not annotated with `#[must_shutdown]`",
    label = "a `ShutdownGuard` belongs to an annotated struct",
    note = "put `#[must_shutdown]` on the struct, and use `ShutdownGuard<Self>` as the type of the field"
)]
pub trait Guarded {
    /// What the macro said of the type.
    const SPEC: &'static Spec;
}

/// A `manual` type.
#[diagnostic::on_unimplemented(
    message = "the shutdown of `{Self}` is generated",
    label = "finished by its `shutdown` alone",
    note = "`finish` is for a shutdown that is written by hand: `#[must_shutdown(manual)]`"
)]
pub trait ByHand: Guarded {}
