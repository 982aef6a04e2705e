//! The types through which the search looks at others.
//!
//! Not among them are those that keep nothing alive or only hand on: `Weak`, `PhantomData`, pointers, functions,
//! channels. Nor are types of other crates, which need not contain what they are generic over.

use std::cell::{Cell, LazyCell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};

use futures_util::stream::FuturesUnordered;

use super::Finding;

/// A part of the type that is searched: a `T`, in `P`.
pub struct Part<T: ?Sized, P>(PhantomData<fn() -> P>, PhantomData<T>);

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

/// A type in `P` that holds others.
pub trait Holder<P> {
    /// A list of these.
    type Parts;
}

macro_rules! parts {
    ($place:ty;) => { () };
    ($place:ty; $part:ty $(, $parts:ty)*) => { (Part<$part, $place>, parts!($place; $($parts),*)) };
}

/// What holds values that can be stopped in it, if it has a `Teardown` at all.
macro_rules! holders {
    ($([$($generics:tt)*] $holder:ty: $($part:ty),+;)+) => {$(
        impl<P: Place, $($generics)*> Holder<P> for $holder {
            type Parts = parts!(P::Within; $($part),+);
        }
    )+};
}

/// What holds a value so that it cannot be stopped through it.
macro_rules! shared {
    ($([$($generics:tt)*] $holder:ty: $part:ty;)+) => {$(
        impl<P: Place, $($generics)*> Holder<P> for $holder {
            type Parts = parts!(Behind; $part);
        }
    )+};
}

holders! {
    [T: ?Sized] &T: T;
    [T: ?Sized] &mut T: T;
    [T: ?Sized] Box<T>: T;
    [T] Pin<T>: T;
    [T] Option<T>: T;
    [T, E] Result<T, E>: T, E;
    [T] Vec<T>: T;
    [T] VecDeque<T>: T;
    [T] LinkedList<T>: T;
    [T] BinaryHeap<T>: T;
    [T] FuturesUnordered<T>: T;
    [T, S] HashSet<T, S>: T;
    [T] BTreeSet<T>: T;
    [K, V, S] HashMap<K, V, S>: K, V;
    [K, V] BTreeMap<K, V>: K, V;
    [T] [T]: T;
    [T, const N: usize] [T; N]: T;
}

holders! {
    [A] (A,): A;
    [A, B] (A, B): A, B;
    [A, B, C] (A, B, C): A, B, C;
    [A, B, C, D] (A, B, C, D): A, B, C, D;
    [A, B, C, D, E] (A, B, C, D, E): A, B, C, D, E;
    [A, B, C, D, E, F] (A, B, C, D, E, F): A, B, C, D, E, F;
    [A, B, C, D, E, F, G] (A, B, C, D, E, F, G): A, B, C, D, E, F, G;
    [A, B, C, D, E, F, G, H] (A, B, C, D, E, F, G, H): A, B, C, D, E, F, G, H;
}

shared! {
    [T: ?Sized] Arc<T>: T;
    [T: ?Sized] Rc<T>: T;
    [T: ?Sized] Mutex<T>: T;
    [T: ?Sized] RwLock<T>: T;
    [T: ?Sized] RefCell<T>: T;
    [T: ?Sized] Cell<T>: T;
    [T] OnceCell<T>: T;
    [T] OnceLock<T>: T;
    [T, F] LazyCell<T, F>: T;
    [T, F] LazyLock<T, F>: T;
}

#[cfg(feature = "tokio")]
shared! {
    [T: ?Sized] tokio::sync::Mutex<T>: T;
    [T: ?Sized] tokio::sync::RwLock<T>: T;
    [T] tokio::sync::OnceCell<T>: T;
}
