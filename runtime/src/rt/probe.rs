//! Whether a field that nobody annotated is a resource.
//!
//! The expansion names the field's type, aliases and all, in `Probe::<Type>::STOPS`. Where the bound of an inherent impl
//! holds, its constant is found; elsewhere that of [`NotResource`], which holds for every type.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use crate::teardown::Teardown;

/// Asks what a type is.
pub struct Probe<T: ?Sized>(PhantomData<T>);

/// The answers for a type that is no resource.
pub trait NotResource {
    /// It has a `Teardown`.
    const STOPS: bool = false;
    /// What is known of it by name.
    const KIND: Kind = Kind::Unknown;
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

impl<T: Known + ?Sized> Probe<T> {
    /// What is known of it by name.
    pub const KIND: Kind = T::KIND;
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
pub const fn not_forgotten(name: &str, stops: bool, kind: Kind, behind: bool, counted: bool) {
    let text = Text::EMPTY.push("resource field `").push(name).push("` is not part of the shutdown\n");
    let text = match kind {
        Kind::Sender => return,
        _ if stops => text,
        Kind::JoinHandle => text.push("note: it can only be stopped in an `Option`, or as a `Thread`\n"),
        Kind::Runtime => text.push("note: it can only be stopped in an `Option`\n"),
        Kind::Unknown if behind || counted => text.push("note: it can only be stopped as a `Shared<T>`\n"),
        Kind::Unknown => return,
    };
    let text = text.push("help: add `#[shutdown]`, or `#[shutdown(skip)]` if someone else stops it");
    panic!("{}", text.as_str())
}

/// A text that is put together at compile time.
pub struct Text {
    bytes: [u8; 1024],
    len: usize,
}

impl Text {
    /// Empty.
    pub const EMPTY: Text = Text { bytes: [0; 1024], len: 0 };

    /// With more at its end, as far as there is room.
    pub const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    /// All of it.
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "a resource field is not part of the shutdown", // a name that was cut off within a character
        }
    }
}

/// What is known of a type by name.
pub enum Kind {
    /// Nothing.
    Unknown,
    /// A plain channel sender: it says nothing of who ends whom.
    Sender,
    /// A thread's handle, which has no `Teardown` until it is wrapped.
    JoinHandle,
    /// A tokio runtime: the same.
    Runtime,
}

/// A type that is known, or something that holds one.
pub trait Known {
    /// As what.
    const KIND: Kind;
}

/// Something with a `Teardown`, behind a lock or a count.
pub trait Behind {}

/// The types that are known.
macro_rules! known {
    ($([$($param:ident)?] $type:ty: $kind:expr;)+) => {$(
        impl<$($param)?> Known for $type {
            const KIND: Kind = $kind;
        }
    )+};
}

known! {
    [T] std::sync::mpsc::Sender<T>: Kind::Sender;
    [T] std::sync::mpsc::SyncSender<T>: Kind::Sender;
    [T] std::thread::JoinHandle<T>: Kind::JoinHandle;
}

#[cfg(feature = "tokio")]
known! {
    [T] tokio::sync::oneshot::Sender<T>: Kind::Sender;
    [T] tokio::sync::mpsc::Sender<T>: Kind::Sender;
    [T] tokio::sync::mpsc::UnboundedSender<T>: Kind::Sender;
    [T] tokio::sync::watch::Sender<T>: Kind::Sender;
    [T] tokio::sync::broadcast::Sender<T>: Kind::Sender;
    [] tokio::runtime::Runtime: Kind::Runtime;
}

/// What holds one value: what is known of that is known of it.
macro_rules! holders {
    ($($holder:ty),+) => {$(
        impl<T: Known> Known for $holder {
            const KIND: Kind = T::KIND;
        }
    )+};
}

/// What holds a value so that it cannot be stopped through it.
macro_rules! locks {
    ($($lock:ty),+) => {$(
        impl<T: Teardown> Behind for $lock {}
    )+};
}

/// What passes on that something is behind a lock.
macro_rules! passing {
    ($($holder:ty),+) => {$(
        impl<T: Behind> Behind for $holder {}
    )+};
}

holders!(Option<T>, Box<T>, Vec<T>, VecDeque<T>, Arc<T>, Rc<T>);
holders!(Mutex<T>, RwLock<T>, RefCell<T>, Cell<T>, OnceCell<T>, OnceLock<T>);
locks!(Mutex<T>, RwLock<T>, RefCell<T>, Cell<T>, OnceCell<T>, OnceLock<T>);
passing!(Option<T>, Box<T>, Vec<T>, VecDeque<T>, Arc<T>, Rc<T>);

#[cfg(feature = "tokio")]
holders!(tokio::sync::Mutex<T>, tokio::sync::RwLock<T>, tokio::sync::OnceCell<T>);
#[cfg(feature = "tokio")]
locks!(tokio::sync::Mutex<T>, tokio::sync::RwLock<T>, tokio::sync::OnceCell<T>);

impl<K, T: Known, S> Known for HashMap<K, T, S> {
    const KIND: Kind = T::KIND;
}

impl<K, T: Known> Known for BTreeMap<K, T> {
    const KIND: Kind = T::KIND;
}

impl<K, T: Behind, S> Behind for HashMap<K, T, S> {}
impl<K, T: Behind> Behind for BTreeMap<K, T> {}
