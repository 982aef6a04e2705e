//! What the resource fields of a Python class are.

use std::any::Any;

use sundown::{Progress, Teardown, Wait};

use crate::event_loop::{EventLoop, LazyEventLoop};
use crate::runtime::Runtime;

/// A resource that a Python class may have: a cheap clone, and all clones are one resource. So a clone is enough to tear it
/// down while a method has borrowed the object, and when the object is gone.
///
/// Every `Teardown` that is `Clone`, `Send` and `Sync` counts: [`Runtime`], [`EventLoop`], [`Tasks`](crate::Tasks),
/// [`Thread`](crate::Thread), a `CancellationToken`, an `Arc` of a `#[must_shutdown(shared)]` struct, and
/// [`Shared`](crate::Shared) around anything else. A type whose clone is another resource must not be a field as it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handle that a Python class can share with its teardown",
    label = "not a cloneable handle",
    note = "a resource of a Python class must be `Teardown`, `Clone`, `Send`, `Sync` and `'static`: `close()` uses a clone",
    note = "`Shared<{Self}>` is one if `{Self}` has a `Teardown`; for a tokio runtime there is `sundown_python::Runtime`"
)]
pub trait Handle: Teardown + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Teardown + Clone + Send + Sync + 'static> Handle for T {}

/// A resource handle of an object, whatever its type.
pub struct ResourceHandle(Box<dyn AnyHandle>);

impl ResourceHandle {
    pub(super) fn teardown(&self) -> Box<dyn Teardown + Send> {
        self.0.teardown()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    pub(super) fn runtime(&self) -> Option<&Runtime> {
        runtime(self.0.as_any())
    }

    pub(super) fn live_id(&self) -> Option<usize> {
        live_id(self.0.as_any())
    }
}

/// A field with its type's own operations.
pub fn resource_handle<T: Handle>(field: &T) -> ResourceHandle {
    ResourceHandle(Box::new(Plain(field.clone())))
}

/// A field with a `with`, a `request` or a `force`.
pub fn resource_handle_with<T: Cloned>(
    field: &T,
    request: fn(&mut T, &mut Progress),
    wait: for<'b> fn(&'b mut T, &'b mut Progress) -> Wait<'b>,
    force: fn(&mut T, &mut Progress),
) -> ResourceHandle {
    ResourceHandle(Box::new(With { value: field.clone(), request, wait, force }))
}

/// The type of a field with operations that the user named.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handle that a Python class can share with its teardown",
    label = "not a cloneable handle",
    note = "a resource of a Python class must be `Clone`, `Send`, `Sync` and `'static`: `close()` uses a clone"
)]
pub trait Cloned: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Cloned for T {}

/// A handle of any type.
pub(super) trait AnyHandle: Send + Sync {
    fn teardown(&self) -> Box<dyn Teardown + Send>;
    /// Whether nothing of it runs.
    fn is_idle(&self) -> bool;
    fn as_any(&self) -> &dyn Any;
}

/// One with its type's own operations.
pub(super) struct Plain<T>(pub(super) T);

impl<T: Handle> AnyHandle for Plain<T> {
    fn teardown(&self) -> Box<dyn Teardown + Send> {
        Box::new(self.0.clone())
    }

    fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    fn as_any(&self) -> &dyn Any {
        &self.0
    }
}

type Operation<T> = fn(&mut T, &mut Progress);
type WaitFor<T> = for<'b> fn(&'b mut T, &'b mut Progress) -> Wait<'b>;

/// One with operations that the user named.
#[derive(Clone)]
pub(super) struct With<T> {
    pub(super) value: T,
    pub(super) request: Operation<T>,
    pub(super) wait: WaitFor<T>,
    pub(super) force: Operation<T>,
}

impl<T: Clone + Send + Sync + 'static> AnyHandle for With<T> {
    fn teardown(&self) -> Box<dyn Teardown + Send> {
        Box::new(self.clone())
    }

    /// A user's function may do anything.
    fn is_idle(&self) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        &self.value
    }
}

impl<T: Send> Teardown for With<T> {
    fn request(&mut self, progress: &mut Progress) {
        (self.request)(&mut self.value, progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        (self.wait)(&mut self.value, progress)
    }

    fn force(&mut self, progress: &mut Progress) {
        (self.force)(&mut self.value, progress);
    }
}

/// The runtime that a handle is, or may be.
pub(super) fn runtime(handle: &dyn Any) -> Option<&Runtime> {
    handle.downcast_ref::<Runtime>().or_else(|| handle.downcast_ref::<Option<Runtime>>()?.as_ref())
}

/// What the exit knows a handle by, if it would tear it down by itself.
pub(super) fn live_id(handle: &dyn Any) -> Option<usize> {
    let event_loop = || handle.downcast_ref().or_else(|| handle.downcast_ref::<Option<EventLoop>>()?.as_ref());
    let lazy = || handle.downcast_ref::<LazyEventLoop>()?.get()?.live_id();
    runtime(handle).and_then(Runtime::live_id).or_else(|| event_loop().and_then(EventLoop::live_id)).or_else(lazy)
}
