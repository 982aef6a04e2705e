//! Whether a field of a Python class that nobody annotated is a resource: as `sundown::__rt::not_forgotten`, in a
//! class's words.

use std::marker::PhantomData;

use sundown::__rt::{Finding, Text};

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
pub const fn not_forgotten(name: &str, found: Finding, handle: bool) {
    let text = Text::EMPTY.push("resource field `").push(name).push("` is not part of the shutdown\n");
    let text = text.push(match found {
        Finding::Nothing => return,
        Finding::Stops if handle => "",
        Finding::Stops => "note: a Python class has it as a `Shared<T>`\n",
        Finding::Thread | Finding::SharedThread => "note: a Python class has it as a `Thread`\n",
        Finding::Runtime | Finding::SharedRuntime => "note: a Python class has it as a `sundown_python::Runtime`\n",
        _ => found.note(),
    });
    let text = text.push("help: add `#[shutdown]`, or `#[shutdown(skip)]` if someone else stops it");
    panic!("{}", text.as_str())
}
