//! A function that takes the field by value, where the field is not spelled `Option<T>`: one error that says so.
//!
//! A path is called where it stands, so that `&mut T` coerces to what the function takes. The value passes through a method
//! `pass` first, and which one that is depends on the function: lookup goes from one of the types below to the next, by
//! `Deref`, and takes the first whose bounds hold. For a function that takes `T` it returns a type that does not exist; so
//! rustc says that, and says nothing of the call.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// A field, on its way into a function.
pub fn passing<F, T>(_function: F, value: &mut T) -> IntoMut<'_, F, T> {
    IntoMut(IntoRef(IntoTargetMut(IntoTarget(IntoValue(IntoOther(Some(value), PhantomData))))))
}

/// A function that takes the value of a field away.
#[diagnostic::on_unimplemented(
    message = "this function consumes the field",
    label = "takes `{T}` by value",
    note = "the type of the field must be spelled `Option<{T}>`: then what is in it is taken"
)]
pub trait Consumes<T> {
    /// The value.
    type Value;
}

macro_rules! next {
    ($($(#[$doc:meta])+ $this:ident => $next:ident,)+) => {$(
        $(#[$doc])+
        pub struct $this<'a, F, T>($next<'a, F, T>);

        impl<'a, F, T> Deref for $this<'a, F, T> {
            type Target = $next<'a, F, T>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<F, T> DerefMut for $this<'_, F, T> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }
    )+};
}

next! {
    /// For a function of `&mut T`: the first, as it is what a generic one gets.
    IntoMut => IntoRef,
    /// For a function of `&T`.
    IntoRef => IntoTargetMut,
    /// For a function of `&mut T::Target`: a `T` that is itself a reference is not consumed.
    IntoTargetMut => IntoTarget,
    /// For a function of `&T::Target`.
    IntoTarget => IntoValue,
    /// For a function of `T`.
    IntoValue => IntoOther,
}

/// For any other function: what the field coerces to further, or an error of the call.
pub struct IntoOther<'a, F, T>(Option<&'a mut T>, PhantomData<F>);

impl<'a, T, R, F: FnOnce(&'a T) -> R> IntoRef<'a, F, T> {
    /// The field.
    pub fn pass(&mut self) -> &'a mut T {
        IntoOther::pass(self)
    }
}

impl<'a, T, R, F: FnOnce(&'a mut T) -> R> IntoMut<'a, F, T> {
    /// The field.
    pub fn pass(&mut self) -> &'a mut T {
        IntoOther::pass(self)
    }
}

impl<'a, T: Deref<Target: 'a>, R, F: FnOnce(&'a T::Target) -> R> IntoTarget<'a, F, T> {
    /// The field.
    pub fn pass(&mut self) -> &'a mut T {
        IntoOther::pass(self)
    }
}

impl<'a, T: Deref<Target: 'a>, R, F: FnOnce(&'a mut T::Target) -> R> IntoTargetMut<'a, F, T> {
    /// The field.
    pub fn pass(&mut self) -> &'a mut T {
        IntoOther::pass(self)
    }
}

/// A trait, because an inherent method whose return type does not exist is passed over.
pub trait PassValue<F, T> {
    /// Fails to compile.
    fn pass(&mut self) -> F::Value
    where
        F: Consumes<T>;
}

impl<T, R, F: FnOnce(T) -> R> PassValue<F, T> for IntoValue<'_, F, T> {
    fn pass(&mut self) -> F::Value
    where
        F: Consumes<T>,
    {
        unreachable!("no function has a `Consumes`")
    }
}

impl<'a, F, T> IntoOther<'a, F, T> {
    /// The field.
    pub fn pass(&mut self) -> &'a mut T {
        self.0.take().expect("a field is passed once")
    }
}
