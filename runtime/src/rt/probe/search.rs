//! The search, by method lookup on the concrete type that the expansion names.
//!
//! "Contains a resource" cannot be a trait: `T: Teardown` says yes for any type, what holds others says yes if they do,
//! and the two overlap. So the parts that are still to be looked at are a [`Queue`], itself a type, and one step of the
//! search is one call of `look` on it. Lookup goes from a `Queue` to the next of the types below it, by `Deref`, and takes
//! the first whose bounds hold; what the call returns is the queue of the next step. No step runs: the calls are in a
//! closure that nobody calls, whose type says what was found.

use std::marker::PhantomData;
use std::ops::Deref;

use super::Finding;
use super::holders::{Holder, Part, Place, Whole};
use super::known::{Exempt, Known, Wrapped};
use crate::teardown::Teardown;

/// What `$type` is, or contains. A type of more than 24 parts is not searched to its end.
#[doc(hidden)]
#[macro_export]
macro_rules! __search {
    ($type:ty) => {
        $crate::__rt::found(&|| {
            let queue = $crate::__rt::queue::<$type>();
            let queue = queue.look().look().look().look().look().look().look().look();
            let queue = queue.look().look().look().look().look().look().look().look();
            queue.look().look().look().look().look().look().look().look()
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
    never()
}

fn never<T>() -> T {
    unreachable!("a search is made by the compiler")
}

/// What a search ended with.
pub trait Answer {
    /// The same as a value.
    const FINDING: Finding;
}

/// Nothing is left to be looked at.
pub struct Empty;

/// A resource.
pub struct Found<A>(PhantomData<fn() -> A>);

/// Found by its `Teardown`, in `P`.
pub struct ByTeardown<P>(PhantomData<fn() -> P>);

/// Found by its name.
pub struct ByName<T>(PhantomData<fn() -> T>);

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

/// A list of parts, before the others.
pub trait Before<R> {
    /// All of them.
    type Queue;
}

impl<R> Before<R> for () {
    type Queue = R;
}

impl<H, T: Before<R>, R> Before<R> for (H, T) {
    type Queue = Queue<H, T::Queue>;
}

macro_rules! lookup {
    ($($(#[$doc:meta])+ $this:ident => $next:ident,)+) => {$(
        $(#[$doc])+
        pub struct $this<H, R>(PhantomData<fn() -> (H, R)>);

        impl<H, R> Deref for $this<H, R> {
            type Target = $next<H, R>;

            fn deref(&self) -> &Self::Target {
                never()
            }
        }
    )+};
}

lookup! {
    /// The part `H` to be looked at, and the others. Is it one that says nothing of who ends whom?
    Queue => MayBeWrapped,
    /// Is it known by name, with what is around it?
    MayBeWrapped => MayBeResource,
    /// Has it a `Teardown`?
    MayBeResource => MayBeHandle,
    /// Has a reference to it one?
    MayBeHandle => MayBeKnown,
    /// Is it known by name?
    MayBeKnown => MayBeHolder,
    /// Does it hold others?
    MayBeHolder => IsNone,
}

/// It is no resource.
pub struct IsNone<H, R>(PhantomData<fn() -> (H, R)>);

impl<T: Exempt + ?Sized, P, R> Queue<Part<T, P>, R> {
    /// The others.
    #[must_use]
    pub fn look(&self) -> R {
        never()
    }
}

impl<T: Wrapped<P>, P, R> MayBeWrapped<Part<T, P>, R> {
    /// What it is.
    #[must_use]
    pub fn look(&self) -> Found<ByName<T>> {
        never()
    }
}

impl<T: Teardown + ?Sized, P, R> MayBeResource<Part<T, P>, R> {
    /// What it is.
    #[must_use]
    pub fn look(&self) -> Found<ByTeardown<P>> {
        never()
    }
}

impl<T: ?Sized, P, R> MayBeHandle<Part<T, P>, R>
where
    for<'a> &'a T: Teardown,
{
    /// What it is.
    #[must_use]
    pub fn look(&self) -> Found<ByTeardown<P>> {
        never()
    }
}

impl<T: Known, P, R> MayBeKnown<Part<T, P>, R> {
    /// What it is.
    #[must_use]
    pub fn look(&self) -> Found<ByName<T>> {
        never()
    }
}

impl<T: Holder<P, Parts: Before<R>> + ?Sized, P: Place, R> MayBeHolder<Part<T, P>, R> {
    /// What it holds, and the others.
    #[must_use]
    pub fn look(&self) -> <T::Parts as Before<R>>::Queue {
        never()
    }
}

impl<H, R> IsNone<H, R> {
    /// The others.
    #[must_use]
    pub fn look(&self) -> R {
        never()
    }
}

impl Empty {
    /// The search has ended.
    #[must_use]
    pub fn look(&self) -> Self {
        never()
    }
}

impl<A> Found<A> {
    /// The search has ended.
    #[must_use]
    pub fn look(&self) -> Self {
        never()
    }
}
