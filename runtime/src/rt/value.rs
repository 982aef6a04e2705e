//! The traits that an annotated type implements, and the entry points behind the generated methods.

use std::sync::Arc;
use std::time::Duration;

use super::{Spec, Step};
use crate::{Memo, Report, ShutdownError, ShutdownGuard, Teardown, Wait};

pub use crate::guard::Entry;

/// A type with a [`ShutdownGuard`]: every `#[must_shutdown]` struct, `manual` ones too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not annotated with `#[must_shutdown]`",
    label = "a `ShutdownGuard` belongs to an annotated struct",
    note = "put `#[must_shutdown]` on the struct, and use `ShutdownGuard<Self>` as the type of the field"
)]
pub trait Guarded {
    /// What the macro said of the type.
    const SPEC: &'static Spec;
}

/// A type whose `Teardown` was generated.
pub trait Annotated {
    /// What the macro said of the type.
    const SPEC: &'static Spec;
    /// The steps, in the order of the spec.
    fn steps(&mut self) -> Vec<Step<'_>>;
    /// The guard's entry; none for `#[derive(Teardown)]`.
    fn entry(&self) -> Option<&Arc<Entry>>;
}

/// A `shared` type.
pub trait AnnotatedShared: Annotated {
    /// The steps through `&self`, in the order of the spec.
    fn steps_shared(&self) -> Vec<Step<'_>>;
}
