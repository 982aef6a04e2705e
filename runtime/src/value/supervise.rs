//! A value that its owner watches while it runs, and shuts down when it has to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::driver::Driver;
use crate::plan::Spec;
use crate::teardown::{Ended, Progress, Report, ShutdownError, Watch};
use crate::value::entry::Entry;
use crate::value::guard::Guarded;
use crate::value::run::{self, Annotated, AnnotatedShared};

/// Waits until a field of `value` ends, fails or panics before anybody requested it to stop. `None` if no field is left
/// that can end by itself.
///
/// Each end is returned once, and is in the report of the shutdown too. What it means is for the caller to decide, see
/// [`Ended::stops_all`]; [`run`](crate::run) does all of that.
///
/// Watched are `JoinHandle` and `JoinSet` of tokio, [`Tasks`](crate::Tasks), [`Thread`](crate::Thread),
/// `RuntimeThread`, `Process`, `Child`, the members of a `Group`, collections and nested values of such, and each type that
/// implements [`Teardown::watch`](crate::Teardown::watch). Of a group of tasks (`Tasks`, `JoinSet`) those that fail or
/// panic, since a task that is done is no event there. A `Process` ends with the last process of its group: a crash of the
/// child itself is not noticed while another one of the group lives. Not watched are a field with `with`, `close`, `request`
/// or `force`, a bare `std::thread::JoinHandle`, and what is in a [`Shared`](crate::Shared) or a [`Later`](crate::Later).
///
/// ```
/// use sundown::{ShutdownGuard, any_ended, must_shutdown};
/// use tokio::task::JoinHandle;
///
/// #[must_shutdown]
/// struct Importer {
///     #[shutdown]
///     task: JoinHandle<std::io::Result<()>>,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let task = tokio::spawn(async { Err(std::io::Error::other("the disk is full")) });
/// let mut importer = Importer { task, guard: ShutdownGuard::new() };
/// let ended = any_ended(&mut importer).await.unwrap();
/// assert_eq!(ended.to_string(), "`Importer.task` failed: the disk is full");
/// assert!(any_ended(&mut importer).await.is_none());
/// # importer.shutdown().await.unwrap_err();
/// # }
/// ```
///
/// # Cancel safety
///
/// May be dropped and called again: no end is lost.
pub async fn any_ended<V: Supervised>(value: &mut V) -> Option<Ended> {
    let mut progress = Progress::new(value.spec().name);
    value.watch_ends(&mut progress).await
}

/// A value that [`run`](crate::run) runs: a `#[must_shutdown]` struct, or an `Arc` of a `shared` one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not annotated with `#[must_shutdown]`",
    label = "nothing says how to shut it down",
    note = "put `#[must_shutdown]` on the struct; an `Arc` of it needs `#[must_shutdown(shared)]`"
)]
pub trait Supervised: Send {
    /// What the macro said of the type.
    #[doc(hidden)]
    fn spec(&self) -> &'static Spec;

    #[doc(hidden)]
    fn guard_entry(&self) -> Arc<Entry>;

    #[doc(hidden)]
    fn watch_ends<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a>;

    #[doc(hidden)]
    fn shut_down_by(&mut self, timeout: Duration, driver: Arc<Driver>) -> Stopping<'_>;
}

/// A shutdown that runs.
type Stopping<'a> = Pin<Box<dyn Future<Output = Result<Report, ShutdownError>> + Send + 'a>>;

#[diagnostic::do_not_recommend]
impl<V: Annotated + Guarded + Send> Supervised for V {
    fn spec(&self) -> &'static Spec {
        <V as Annotated>::SPEC
    }

    fn guard_entry(&self) -> Arc<Entry> {
        run::owned_entry(self)
    }

    fn watch_ends<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        run::nested_watch(self, progress)
    }

    fn shut_down_by(&mut self, timeout: Duration, driver: Arc<Driver>) -> Stopping<'_> {
        Box::pin(run::shutdown_by(self, timeout, driver))
    }
}

#[diagnostic::do_not_recommend]
impl<V: AnnotatedShared + Guarded + Send + Sync> Supervised for Arc<V> {
    fn spec(&self) -> &'static Spec {
        <V as Annotated>::SPEC
    }

    fn guard_entry(&self) -> Arc<Entry> {
        run::owned_entry(&**self)
    }

    fn watch_ends<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        run::nested_shared_watch(&**self, progress)
    }

    fn shut_down_by(&mut self, timeout: Duration, driver: Arc<Driver>) -> Stopping<'_> {
        Box::pin(run::shutdown_shared_by(&**self, timeout, driver))
    }
}
