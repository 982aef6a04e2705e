//! Whether a field that nobody annotated is a resource.
//!
//! The expansion names the field's type, aliases and all, in `Probe::<Type>::STOPS`. Where the bound of an inherent impl
//! holds, its constant is found; elsewhere that of [`NotResource`], which holds for every type.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use crate::Teardown;

/// Asks what a type is.
pub struct Probe<T: ?Sized>(PhantomData<T>);

/// The answers for a type that is no resource.
pub trait NotResource {
    /// It has a `Teardown`.
    const STOPS: bool = false;
    /// It is a plain channel sender, which says nothing of who ends whom.
    const PLAIN: bool = false;
    /// It has none, and needs to be wrapped: in what.
    const WRAP: Option<&'static str> = None;
    /// It holds something with a `Teardown` behind a lock or a count.
    const BEHIND: bool = false;
    /// It is an `Arc` of something that is stopped by its owner alone.
    const COUNTED: bool = false;
}

impl<T: ?Sized> NotResource for Probe<T> {}

impl<T: Teardown + ?Sized> Probe<T> {
    /// It has a `Teardown`.
    pub const STOPS: bool = true;
}

impl<T: Plain + ?Sized> Probe<T> {
    /// It is a plain channel sender.
    pub const PLAIN: bool = true;
}

impl<T: Bare + ?Sized> Probe<T> {
    /// It needs to be wrapped.
    pub const WRAP: Option<&'static str> = Some(T::WRAP);
}

impl<T: Behind + ?Sized> Probe<T> {
    /// It holds a resource.
    pub const BEHIND: bool = true;
}

impl<T: Teardown> Probe<Arc<T>> {
    /// It holds a resource.
    pub const COUNTED: bool = true;
}

/// Fails the build if the field `name` is a resource. The caller is the field, so that the error points there.
///
/// # Panics
///
/// That is its purpose.
#[track_caller]
pub const fn not_forgotten(name: &str, plain: bool, stops: bool, wrap: Option<&str>, behind: bool, counted: bool) {
    if plain || !(stops || wrap.is_some() || behind || counted) {
        return;
    }
    let text = Text::new().push("resource field `").push(name).push("` is not part of the shutdown\n");
    let text = match wrap {
        Some(wrap) if !stops => text.push("note: it can only be stopped ").push(wrap).push("\n"),
        _ if !stops => text.push("note: to be stopped through a lock or a count it must be a `Shared<T>`\n"),
        _ => text,
    };
    let text = text.push("help: add `#[shutdown]`, or `#[shutdown(skip)]` if someone else stops it");
    panic!("{}", text.as_str())
}

/// A text that is put together at compile time.
struct Text {
    bytes: [u8; 1024],
    len: usize,
}

impl Text {
    const fn new() -> Self {
        Text { bytes: [0; 1024], len: 0 }
    }

    const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "a resource field is not part of the shutdown", // a name that was cut off within a character
        }
    }
}

/// A plain channel sender, alone or held by something.
pub trait Plain {}

/// What has no `Teardown` until it is wrapped.
pub trait Bare {
    /// In what.
    const WRAP: &'static str;
}

/// Something with a `Teardown`, behind a lock or a count.
pub trait Behind {}

impl<T> Plain for std::sync::mpsc::Sender<T> {}
impl<T> Plain for std::sync::mpsc::SyncSender<T> {}

impl<T> Bare for std::thread::JoinHandle<T> {
    const WRAP: &'static str = "in an `Option`, or as a `Thread`";
}

/// What holds one value: bare and plain show through.
macro_rules! holders {
    ($($holder:ident),+) => {$(
        impl<T: Plain> Plain for $holder<T> {}
        impl<T: Bare> Bare for $holder<T> {
            const WRAP: &'static str = T::WRAP;
        }
    )+};
}

/// What holds a value so that it cannot be stopped through it.
macro_rules! locks {
    ($($lock:ident),+) => {$(
        impl<T: Teardown> Behind for $lock<T> {}
    )+};
}

/// What passes on what is behind a lock.
macro_rules! passing {
    ($($holder:ident),+) => {$(
        impl<T: Behind> Behind for $holder<T> {}
    )+};
}

holders!(Option, Box, Vec, VecDeque, Arc, Rc, Mutex, RwLock, RefCell, Cell, OnceCell, OnceLock);
locks!(Mutex, RwLock, RefCell, Cell, OnceCell, OnceLock);
passing!(Option, Box, Vec, VecDeque, Arc, Rc);

impl<K, T: Plain, S> Plain for HashMap<K, T, S> {}
impl<K, T: Bare, S> Bare for HashMap<K, T, S> {
    const WRAP: &'static str = T::WRAP;
}
impl<K, T: Behind, S> Behind for HashMap<K, T, S> {}

impl<K, T: Plain> Plain for BTreeMap<K, T> {}
impl<K, T: Bare> Bare for BTreeMap<K, T> {
    const WRAP: &'static str = T::WRAP;
}
impl<K, T: Behind> Behind for BTreeMap<K, T> {}

#[cfg(feature = "tokio")]
mod tokio_types {
    use tokio::sync::{Mutex, OnceCell, RwLock, broadcast, mpsc, oneshot, watch};

    use super::{Bare, Behind, Plain};
    use crate::Teardown;

    impl<T> Plain for oneshot::Sender<T> {}
    impl<T> Plain for mpsc::Sender<T> {}
    impl<T> Plain for mpsc::UnboundedSender<T> {}
    impl<T> Plain for watch::Sender<T> {}
    impl<T> Plain for broadcast::Sender<T> {}

    impl Bare for tokio::runtime::Runtime {
        const WRAP: &'static str = "in an `Option`";
    }

    holders!(Mutex, RwLock, OnceCell);
    locks!(Mutex, RwLock, OnceCell);
}
