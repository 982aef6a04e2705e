//! The types that the search knows by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, mpsc};

use super::Finding;
use super::holders::Behind;

/// A resource that has no `Teardown` as it is.
pub trait Known {
    /// As what it is found.
    const FINDING: Finding;
}

/// What has a `Teardown`, and all the same is better known by its name if it is in `P`.
pub trait Wrapped<P>: Known {}

/// A plain channel sender says nothing of who ends whom, so it is no resource by itself, though an `Option` of some can be
/// stopped. This is what has a `Teardown` by senders alone.
pub trait Exempt {}

macro_rules! known {
    ($([$($param:ident)?] $type:ty: $finding:ident;)+) => {$(
        impl<$($param)?> Known for $type {
            const FINDING: Finding = Finding::$finding;
        }
    )+};
}

macro_rules! exempt {
    ($([$($generics:tt)*] $type:ty;)+) => {$(
        impl<$($generics)*> Exempt for $type {}
    )+};
}

known! {
    [T] std::thread::JoinHandle<T>: Thread;
}

#[cfg(feature = "tokio")]
known! {
    [] tokio::runtime::Runtime: Runtime;
    [T] tokio::task::JoinHandle<T>: Task;
    [T] tokio::task::JoinSet<T>: Task;
    [] tokio::task::LocalSet: LocalSet;
    [T] tokio_util::task::AbortOnDropHandle<T>: AbortOnDrop;
    [] tokio_util::sync::DropGuard: DropGuard;
}

impl<T> Known for Option<std::thread::JoinHandle<T>> {
    const FINDING: Finding = Finding::SharedThread;
}

impl<T> Wrapped<Behind> for Option<std::thread::JoinHandle<T>> {}

#[cfg(feature = "tokio")]
impl Known for Option<tokio::runtime::Runtime> {
    const FINDING: Finding = Finding::SharedRuntime;
}

#[cfg(feature = "tokio")]
impl Wrapped<Behind> for Option<tokio::runtime::Runtime> {}

exempt! {
    [T] mpsc::Sender<T>;
    [T] mpsc::SyncSender<T>;
    [T: Exempt + ?Sized] &T;
    [T: Exempt + ?Sized] Box<T>;
    [T: Exempt + ?Sized] Arc<T>;
    [T: Exempt] Option<T>;
    [T: Exempt] Vec<T>;
    [T: Exempt, const N: usize] [T; N];
    [K, T: Exempt, S] HashMap<K, T, S>;
    [K, T: Exempt] BTreeMap<K, T>;
    [A: Exempt] (A,);
    [A: Exempt, B: Exempt] (A, B);
    [A: Exempt, B: Exempt, C: Exempt] (A, B, C);
    [A: Exempt, B: Exempt, C: Exempt, D: Exempt] (A, B, C, D);
    [A: Exempt, B: Exempt, C: Exempt, D: Exempt, E: Exempt] (A, B, C, D, E);
    [A: Exempt, B: Exempt, C: Exempt, D: Exempt, E: Exempt, F: Exempt] (A, B, C, D, E, F);
}

#[cfg(feature = "tokio")]
exempt! {
    [T] tokio::sync::oneshot::Sender<T>;
    [T] tokio::sync::mpsc::Sender<T>;
    [T] tokio::sync::mpsc::UnboundedSender<T>;
    [T] tokio::sync::watch::Sender<T>;
    [T] tokio::sync::broadcast::Sender<T>;
}
