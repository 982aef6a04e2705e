//! A task's future, or its closure, while it is in the ledger of its group.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use super::Group;
use super::ledger::Key;
use crate::driver::ended::has_ended;
use crate::sync::quietly;
use crate::teardown::Failure;
use crate::teardown::output::{err_of, error_of};

/// The place of a task in the ledger. Dropping it, on whatever path, is the end of the task.
#[derive(Debug)]
pub(super) struct Ticket {
    group: Arc<Group>,
    key: Key,
}

impl Ticket {
    pub(super) fn new(group: Arc<Group>, key: Key) -> Self {
        Ticket { group, key }
    }

    /// Runs a part of the task. A panic is noted and goes on to tokio, which keeps it for the `JoinHandle`.
    fn run<T>(&self, part: impl FnOnce() -> T) -> T {
        let _inside = Inside::enter(&self.group, self.key);
        let _works = self.group.owner.enter();
        catch_unwind(AssertUnwindSafe(part)).unwrap_or_else(|payload| self.panicked(payload))
    }

    /// The task ends before it is done, by none of our doing: aborted by somebody else, or with its runtime.
    fn ends_early(&self) {
        if let Some(task) = self.group.ledger.unexplained(self.key) {
            // A worker that drops a task, for whichever reason, is in the context of its runtime. Outside of any there is
            // none left to run it.
            if Handle::try_current().map_or(true, |around| has_ended(&around)) {
                self.group.dropped(task.into());
            }
        }
    }

    /// Notes an output that is an error; it goes on to tokio all the same.
    fn ended<T, L: Look<T>>(&self, output: &T) {
        // What is the user's, as the text of an error, may panic: that is not the task's.
        quietly(|| {
            if let Some(failure) = L::error(output) {
                self.group.failed(self.key, &failure);
            }
        });
    }

    fn panicked<T>(&self, payload: Box<dyn Any + Send>) -> T {
        self.group.panicked(self.key, &*payload);
        resume_unwind(payload)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.group.ledger.leave(self.key);
    }
}

pin_project! {
    /// The future of a task. It is dropped before the task leaves the ledger.
    pub(super) struct Tracked<F, L> {
        #[pin]
        future: Option<F>,
        ticket: Ticket,
        look: PhantomData<fn() -> L>,
    }

    impl<F, L> PinnedDrop for Tracked<F, L> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                this.ticket.run(|| this.future.set(None));
                this.ticket.ends_early();
            }
        }
    }
}

impl<F, L> Tracked<F, L> {
    pub(super) fn new(future: F, ticket: Ticket) -> Self {
        Tracked { future: Some(future), ticket, look: PhantomData }
    }
}

impl<F: Future, L: Look<F::Output>> Future for Tracked<F, L> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.ticket.run(|| match this.future.as_mut().as_pin_mut() {
            Some(future) => {
                let poll = future.poll(cx);
                if let Poll::Ready(output) = &poll {
                    this.future.set(None);
                    this.ticket.ended::<_, L>(output);
                }
                poll
            }
            None => unreachable!("tokio does not poll a task again that has ended"),
        })
    }
}

/// The closure of a task that blocks.
pub(super) fn blocking<T, L: Look<T>>(f: impl FnOnce() -> T, ticket: Ticket) -> impl FnOnce() -> T {
    let unrun = Unrun(Some(ticket));
    move || {
        let ticket = unrun.take();
        let output = ticket.run(f);
        ticket.ended::<_, L>(&output);
        output
    }
}

/// How the error of an output is found.
pub(super) trait Look<T> {
    fn error(output: &T) -> Option<Failure>;
}

/// For an output of which nothing is known.
pub(super) enum Unknown {}

impl<T: 'static> Look<T> for Unknown {
    fn error(output: &T) -> Option<Failure> {
        error_of(output)
    }
}

/// For an output whose error may be told on a certain thread only: one of Python's, say, must be attached to it.
pub(super) enum Untold {}

impl<T> Look<T> for Untold {
    fn error(output: &T) -> Option<Failure> {
        err_of(output)
    }
}

/// For that of a task whose error was made a `Failure`.
pub(super) enum Told {}

impl<T> Look<Result<T, Failure>> for Told {
    fn error(output: &Result<T, Failure>) -> Option<Failure> {
        output.as_ref().err().cloned()
    }
}

/// The place of a task that blocks, until it runs.
struct Unrun(Option<Ticket>);

impl Unrun {
    fn take(mut self) -> Ticket {
        self.0.take().expect("it is taken once")
    }
}

impl Drop for Unrun {
    fn drop(&mut self) {
        if let Some(ticket) = &self.0 {
            ticket.ends_early();
        }
    }
}

thread_local! {
    /// The task that this thread runs a part of.
    static INSIDE: Cell<Option<Current>> = const { Cell::new(None) };
}

#[derive(Clone, Copy)]
struct Current {
    /// Its group, by address.
    group: usize,
    key: Key,
    id: Option<tokio::task::Id>,
}

/// The task of `group` that the caller is part of.
pub(super) fn current(group: &Group) -> Option<Key> {
    let current = INSIDE.try_with(Cell::get).ok()??;
    (current.group == std::ptr::from_ref(group).addr()).then_some(current.key)
}

/// Whether tokio's current task is one of a group, any group. It is not where a task of a group blocks on a runtime
/// that polls other tasks on this thread.
pub(crate) fn is_tracked() -> bool {
    let current = INSIDE.try_with(Cell::get).ok().flatten();
    current.is_some_and(|current| current.id.is_some() && current.id == tokio::task::try_id())
}

/// Puts the task around this one back when it is dropped.
struct Inside(Option<Current>);

impl Inside {
    fn enter(group: &Group, key: Key) -> Self {
        let now = Some(Current { group: std::ptr::from_ref(group).addr(), key, id: tokio::task::try_id() });
        Inside(INSIDE.try_with(|inside| inside.replace(now)).ok().flatten())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = INSIDE.try_with(|inside| inside.set(self.0));
    }
}
