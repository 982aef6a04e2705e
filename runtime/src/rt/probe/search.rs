//! The search, by method lookup on the concrete type that the expansion names.
//!
//! "Contains a resource" cannot be a trait: `T: Teardown` says yes for any type, what holds others says yes if they do,
//! and the two overlap. So the types that are still to be looked at are a queue, itself a type, and one step of the
//! search is one method call on it. The methods of the traits below are all named `look`; the call has so many `&` in
//! front that the lookup comes to them in their order, and takes the first whose bounds hold. The queue of the next step
//! is the type that the call returns. No step runs: the calls are in a closure that nobody calls, whose type says what
//! was found.

use std::marker::PhantomData;

use super::Finding;
use super::holders::Holder;
use super::known::{Exempt, Known};
use crate::teardown::Teardown;

/// What `$type` is, or contains. A type of more than 24 parts is not searched to its end.
#[doc(hidden)]
#[macro_export]
macro_rules! __search {
    ($type:ty) => {
        $crate::__rt::found(&|| {
            #[allow(unused_imports)]
            use $crate::__rt::{
                LookAtExempt as _, LookAtHandle as _, LookAtHolder as _, LookAtKnown as _, LookAtOther as _,
                LookAtResource as _,
            };
            let queue = $crate::__rt::queue::<$type>();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            let queue = (&&&&&queue).look();
            (&&&&&queue).look()
        })
    };
}

pub use crate::__search as search;

/// The answer of a search, which is never made.
pub const fn found<A: Answer, F: FnOnce() -> A>(_search: &F) -> Finding {
    A::FINDING
}

/// The search of one type.
#[must_use]
pub fn queue<T: ?Sized>() -> Queue<Part<T, Whole>, Empty> {
    Queue::new()
}

/// A part of the type that is searched: a `T`, in `P`.
pub struct Part<T: ?Sized, P>(PhantomData<fn() -> P>, PhantomData<T>);

/// Parts that are still to be looked at: one, and the others.
pub struct Queue<H, R>(PhantomData<fn() -> (H, R)>);

/// Nothing is left to be looked at.
#[derive(Clone, Copy)]
pub struct Empty;

/// A resource.
pub struct Found<A>(PhantomData<fn() -> A>);

/// Found by its `Teardown`, in `P`.
pub struct ByTeardown<P>(PhantomData<fn() -> P>);

/// Found by its name.
pub struct ByName<T>(PhantomData<fn() -> T>);

/// Where a part is.
pub trait Place {
    /// The place of what is in it.
    type Within: Place;
    /// What a resource there is.
    const FINDING: Finding;
}

/// The type itself.
pub enum Whole {}
/// In a holder.
pub enum Held {}
/// Behind a lock or a count.
pub enum Behind {}

impl Place for Whole {
    type Within = Held;
    const FINDING: Finding = Finding::Stops;
}

impl Place for Held {
    type Within = Held;
    const FINDING: Finding = Finding::Held;
}

impl Place for Behind {
    type Within = Behind;
    const FINDING: Finding = Finding::Shared;
}

/// What a search ended with.
pub trait Answer {
    /// The same as a value.
    const FINDING: Finding;
}

impl Answer for Empty {
    const FINDING: Finding = Finding::Nothing;
}

/// Too many parts.
impl<H, R> Answer for Queue<H, R> {
    const FINDING: Finding = Finding::Nothing;
}

impl<P: Place> Answer for Found<ByTeardown<P>> {
    const FINDING: Finding = P::FINDING;
}

impl<T: Known> Answer for Found<ByName<T>> {
    const FINDING: Finding = T::FINDING;
}

/// A queue as a value, for the types of the calls.
pub trait New: Copy {
    /// Makes it.
    fn new() -> Self;
}

impl New for Empty {
    fn new() -> Self {
        Empty
    }
}

impl<H, R> New for Queue<H, R> {
    fn new() -> Self {
        Queue(PhantomData)
    }
}

impl<H, R> Clone for Queue<H, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H, R> Copy for Queue<H, R> {}

/// A list of parts, before the others.
pub trait Before<R> {
    /// All of them.
    type Queue: New;
}

impl<R: New> Before<R> for () {
    type Queue = R;
}

impl<H, T: Before<R>, R> Before<R> for (H, T) {
    type Queue = Queue<H, T::Queue>;
}

impl Empty {
    /// The search has ended.
    #[must_use]
    pub fn look(&self) -> Self {
        Empty
    }
}

impl<A> Found<A> {
    /// The search has ended.
    #[must_use]
    pub fn look(&self) -> Self {
        Found(PhantomData)
    }
}

/// First: it says nothing of who ends whom.
pub trait LookAtExempt {
    /// The others.
    type Next;
    /// The next step.
    fn look(&self) -> Self::Next;
}

impl<T: Exempt + ?Sized, P, R: New> LookAtExempt for &&&&Queue<Part<T, P>, R> {
    type Next = R;

    fn look(&self) -> R {
        R::new()
    }
}

/// Second: it has a `Teardown`.
pub trait LookAtResource {
    /// What it is.
    type Next;
    /// The next step.
    fn look(&self) -> Self::Next;
}

impl<T: Teardown + ?Sized, P, R> LookAtResource for &&&Queue<Part<T, P>, R> {
    type Next = Found<ByTeardown<P>>;

    fn look(&self) -> Self::Next {
        Found(PhantomData)
    }
}

/// Third: a reference to it has one.
pub trait LookAtHandle {
    /// What it is.
    type Next;
    /// The next step.
    fn look(&self) -> Self::Next;
}

impl<T: ?Sized, P, R> LookAtHandle for &&Queue<Part<T, P>, R>
where
    for<'a> &'a T: Teardown,
{
    type Next = Found<ByTeardown<P>>;

    fn look(&self) -> Self::Next {
        Found(PhantomData)
    }
}

/// Fourth: it is known by name.
pub trait LookAtKnown {
    /// What it is.
    type Next;
    /// The next step.
    fn look(&self) -> Self::Next;
}

impl<T: Known, P, R> LookAtKnown for &Queue<Part<T, P>, R> {
    type Next = Found<ByName<T>>;

    fn look(&self) -> Self::Next {
        Found(PhantomData)
    }
}

/// Fifth: it holds others.
pub trait LookAtHolder {
    /// What it holds, and the others.
    type Next;
    /// The next step.
    fn look(&self) -> Self::Next;
}

impl<T: Holder<P, Parts: Before<R>> + ?Sized, P: Place, R> LookAtHolder for Queue<Part<T, P>, R> {
    type Next = <T::Parts as Before<R>>::Queue;

    fn look(&self) -> Self::Next {
        New::new()
    }
}

/// Last: it is no resource.
pub trait LookAtOther {
    /// The others.
    type Next;
    /// The next step.
    fn look(self) -> Self::Next;
}

impl<T: ?Sized, P, R: New> LookAtOther for Queue<Part<T, P>, R> {
    type Next = R;

    fn look(self) -> R {
        R::new()
    }
}
