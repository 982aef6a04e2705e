//! A field that names a `request` and no `with`: its type's own wait, or nothing to wait for.

use std::future::ready;

use crate::rt::probe::Exempt;
use crate::teardown::{Outcome, Progress, Teardown, Wait};

/// Which of the methods `wait` and `force` is called depends on the type, and is found by method lookup.
pub struct Waiting<'a, T>(pub &'a mut T);

impl<'a, T: Teardown> Waiting<'a, T> {
    /// Waits as the type does.
    pub fn wait(self, progress: &'a mut Progress) -> Wait<'a> {
        self.0.wait(progress)
    }

    /// Forces as the type does.
    pub fn force(self, progress: &mut Progress) {
        self.0.force(progress);
    }
}

/// Channel senders: once requested, they have stopped.
pub trait NothingToWaitFor<'a> {
    /// Does not wait.
    fn wait(self, progress: &'a mut Progress) -> Wait<'a>;

    /// There is nothing to force.
    fn force(self, progress: &mut Progress);
}

impl<'a, T: Exempt> NothingToWaitFor<'a> for Waiting<'a, T> {
    fn wait(self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(ready(Outcome::Stopped))
    }

    fn force(self, _progress: &mut Progress) {}
}

/// A type that can be waited for by itself.
#[diagnostic::on_unimplemented(
    message = "nothing says how to wait for `{Self}`",
    label = "it has no `Teardown`, and its field names no `with`",
    note = "of request, wait and force only the wait must be named: add `with = path` of an async function that waits, or \
            `close = path` of another that ends it"
)]
pub trait Awaited: Teardown {}

#[diagnostic::do_not_recommend]
impl<T: Teardown + ?Sized> Awaited for T {}

/// Any other type: an error, which says that a `with` is missing.
pub trait UnknownWait<'a, T> {
    /// Fails.
    fn wait(self, progress: &'a mut Progress) -> Wait<'a>
    where
        T: Awaited;

    /// Not called.
    fn force(self, progress: &mut Progress);
}

impl<'a, T> UnknownWait<'a, T> for &Waiting<'a, T> {
    fn wait(self, _progress: &'a mut Progress) -> Wait<'a>
    where
        T: Awaited,
    {
        unreachable!("a type with a `Teardown` has a wait")
    }

    fn force(self, _progress: &mut Progress) {}
}
