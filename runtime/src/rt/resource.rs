//! The bounds on a field without a `with`, for their errors: each says what to write for a field of its form, and names no
//! type that happens to have a `Teardown`. The expansion picks one by the way the type is spelled.

use super::Step;
use crate::teardown::Teardown;

/// A field of any form.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shut down",
    label = "this type has no `Teardown`",
    note = "name an async function: `#[shutdown(with = path)]`; or implement `Teardown` for the type",
    note = "a bare `std::thread::JoinHandle`, `tokio::runtime::Runtime` or channel sender must be in an `Option`; what is \
            in a lock must be in a `Shared` instead"
)]
pub trait Resource: Teardown {}

#[diagnostic::do_not_recommend]
impl<T: Teardown + ?Sized> Resource for T {}

/// A field spelled `Arc<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shut down",
    label = "what is in an `Arc` is shut down through `&`",
    note = "write `Shared<T>` for an `Arc<T>` or `Arc<Mutex<T>>`, or `#[must_shutdown(shared)]` on a struct `T`"
)]
pub trait CountedResource: Teardown {}

#[diagnostic::do_not_recommend]
impl<T: Teardown + ?Sized> CountedResource for T {}

/// A field spelled `Mutex<T>` or `RwLock<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shut down",
    label = "what is behind a lock is shut down without holding it",
    note = "write `Shared<T>` for a `Mutex<T>` or `RwLock<T>`: it takes the value out while it stops; a `T` without a \
            `Teardown` needs a `with = path` too"
)]
pub trait LockedResource: Teardown {}

#[diagnostic::do_not_recommend]
impl<T: Teardown + ?Sized> LockedResource for T {}

/// A field spelled `Box<dyn Trait>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shut down",
    label = "the trait does not say that it can be",
    note = "write `trait Plugin: sundown::Teardown + Send`; then each type in the box needs a `Teardown`"
)]
pub trait DynResource: Teardown {}

#[diagnostic::do_not_recommend]
impl<T: Teardown + ?Sized> DynResource for T {}

/// A field of a `shared` struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shut down through `&`",
    label = "in a `shared` struct it must be a `Shared<{Self}>`",
    note = "`Shared` is for any type with a `Teardown`; for another, name an async function that takes `&`: `with = path`"
)]
pub trait SharedResource {
    /// Its step.
    fn step(&self) -> Step<'_>;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> SharedResource for T
where
    for<'a> &'a T: Teardown + Send,
{
    fn step(&self) -> Step<'_> {
        Step::shared(self)
    }
}

/// The step of a field without operations of its own.
pub fn resource<'a, T: Resource + Send + 'a>(value: &'a mut T) -> Step<'a> {
    Step::new(value)
}

/// The same, of a field spelled `Arc<T>`.
pub fn counted_resource<'a, T: CountedResource + Send + 'a>(value: &'a mut T) -> Step<'a> {
    Step::new(value)
}

/// The same, of a field spelled `Mutex<T>` or `RwLock<T>`.
pub fn locked_resource<'a, T: LockedResource + Send + 'a>(value: &'a mut T) -> Step<'a> {
    Step::new(value)
}

/// The same, of a field spelled `Box<dyn Trait>`.
pub fn dyn_resource<'a, T: DynResource + Send + 'a>(value: &'a mut T) -> Step<'a> {
    Step::new(value)
}

/// The same, of a field of a `shared` struct.
pub fn shared_resource<T: SharedResource + ?Sized>(value: &T) -> Step<'_> {
    value.step()
}
