//! `request_shutdown(&self)`: what can be asked to stop through a shared reference.
//!
//! Whether a field can is found by method lookup, where the expansion names its concrete type; what cannot be asked is
//! left to the shutdown. An error of the user's `request` is not lost, nor is a panic, which must not spare the others:
//! the shutdown asks again, and reports it.

use crate::sync::quietly;
use crate::teardown::{Progress, Teardown};

/// An annotated struct, asked through `&`.
pub trait RequestRoots {
    /// Asks the steps that wait for no other, where they can be asked through `&`.
    fn request_roots(&self);
}

/// Asks a field that makes its type's own operations: through `&T`, where that has a `Teardown`.
pub struct RequestByRef<'a, T>(pub &'a T);

impl<'a, T> RequestByRef<'a, T>
where
    &'a T: Teardown,
{
    /// Asks.
    pub fn request(mut self) {
        quietly(|| self.0.request(&mut Progress::new("request_shutdown")));
    }
}

/// A nested annotated struct asks the roots of its own.
pub trait NotByRef {
    /// Asks.
    fn request(self);
}

impl<T: RequestRoots> NotByRef for RequestByRef<'_, T> {
    fn request(self) {
        self.0.request_roots();
    }
}

/// What cannot be asked through `&`, or only through `&mut`.
pub trait NotNested {
    /// Asks nothing.
    fn request(self);
}

impl<T> NotNested for &RequestByRef<'_, T> {
    fn request(self) {}
}

/// Asks with the user's function, if that takes `&T`.
pub struct RequestWith<'a, F, T>(pub F, pub &'a T);

impl<'a, F: FnOnce(&'a T) -> R, T, R> RequestWith<'a, F, T> {
    /// Asks.
    pub fn request(self) {
        quietly(|| drop((self.0)(self.1)));
    }
}

impl<F, T> NotNested for &RequestWith<'_, F, T> {
    fn request(self) {}
}

/// Asks what is in an `Option<T>` field with the user's function, if that takes `&T`.
pub struct RequestOptionWith<'a, F, T>(pub F, pub &'a Option<T>);

impl<'a, F: FnOnce(&'a T) -> R, T, R> RequestOptionWith<'a, F, T> {
    /// Asks.
    pub fn request(self) {
        if let Some(value) = self.1 {
            quietly(|| drop((self.0)(value)));
        }
    }
}

impl<F, T> NotNested for &RequestOptionWith<'_, F, T> {
    fn request(self) {}
}

/// Tells a closure that it takes a reference to the field.
pub fn borrowing<'a, T: 'a, R, F: FnOnce(&'a T) -> R>(_value: &T, closure: F) -> F {
    closure
}
