//! Whether a field of a Python class that nobody annotated is a resource: as `sundown::__rt::Probe`, in a class's words.

use std::marker::PhantomData;

use sundown::__rt::{Kind, Text};

use crate::object::Handle;

/// Asks whether a Python class may have a field of this type as it is.
pub struct Handles<T: ?Sized>(PhantomData<T>);

/// The answer for a type that is no [`Handle`].
pub trait NotHandle {
    /// A Python class may have it as it is.
    const HANDLE: bool = false;
}

impl<T: ?Sized> NotHandle for Handles<T> {}

impl<T: Handle> Handles<T> {
    /// A Python class may have it as it is.
    pub const HANDLE: bool = true;
}

/// Fails the build if the field `name` of a Python class is a resource. The caller is the field.
///
/// # Panics
///
/// That is its purpose.
#[track_caller]
pub const fn not_forgotten(name: &str, stops: bool, kind: Kind, behind: bool, handle: bool) {
    let text = Text::EMPTY.push("resource field `").push(name).push("` is not part of the shutdown\n");
    let text = match kind {
        Kind::Sender => return,
        _ if stops && handle => text,
        _ if stops => text.push("note: a Python class has it as a `Shared<T>`\n"),
        Kind::JoinHandle => text.push("note: a Python class has it as a `Thread`\n"),
        Kind::Runtime => text.push("note: a Python class has it as a `sundown_python::Runtime`\n"),
        Kind::Unknown if behind => text.push("note: it can only be stopped as a `Shared<T>`\n"),
        Kind::Unknown => return,
    };
    let text = text.push("help: add `#[shutdown]`, or `#[shutdown(skip)]` if someone else stops it");
    panic!("{}", text.as_str())
}
