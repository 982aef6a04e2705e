//! What Rust waits for, of one event loop: the awaitables that are to begin there, and the tasks that have begun.
//!
//! Invariants:
//! 1. What is of Python's in here changes only on a thread that is attached: the garbage collector looks at it
//!    ([`Replies::traverse`]) more than once, and must find the same each time. So a future that is dropped on a worker
//!    takes its answer out and leaves the rest to the loop's thread.
//! 2. Nothing of Python's, and nothing of a user's, runs under the lock; nor is an object of Python's made there, because
//!    that may start a collection.

use std::mem;
use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::keyed::Keyed;
use crate::internal::sync::lock;

/// Takes what Python answered, on the thread that answered.
pub(crate) type Answer = Box<dyn FnOnce(PyResult<Bound<'_, PyAny>>) + Send>;

#[derive(Debug, Default)]
pub(super) struct Replies(Mutex<Keyed<Reply>>);

/// Who in Rust waits for Python, and for what.
pub(super) struct Reply {
    /// None once Rust no longer waits.
    pub(super) answer: Option<Answer>,
    pub(super) asked: Asked,
    /// It runs to its end though Rust no longer waits.
    pub(super) runs_on: bool,
}

/// Where on its way it is.
#[derive(Debug)]
pub(crate) enum Asked {
    /// A call, which has its function itself; something that begins just now, or was cancelled.
    Call,
    /// To be awaited.
    Awaitable { awaitable: Py<PyAny>, context: Option<Py<PyAny>> },
    /// Begun, and here until it ends.
    Task(Begun),
}

#[derive(Debug)]
pub(crate) struct Begun {
    pub(super) task: Py<PyAny>,
    /// The bridge has made the task; it is no future of the user's.
    made: bool,
    cancelled: bool,
}

/// An awaitable that the loop's thread has come to.
pub(super) enum Begin {
    Now {
        awaitable: Py<PyAny>,
        context: Option<Py<PyAny>>,
    },
    /// Rust has dropped its future meanwhile.
    Never {
        awaitable: Py<PyAny>,
    },
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let waited_for = self.answer.is_some();
        f.debug_struct("Reply").field("asked", &self.asked).field("waited_for", &waited_for).finish()
    }
}

impl Reply {
    fn is_wanted(&self) -> bool {
        self.answer.is_some() || self.runs_on
    }
}

impl Replies {
    pub(super) fn insert(&self, answer: Answer, asked: Asked) -> u64 {
        lock(&self.0).insert(Reply { answer: Some(answer), asked, runs_on: false })
    }

    /// Whether Rust still waits for this answer.
    pub(super) fn expects(&self, key: u64) -> bool {
        lock(&self.0).get_mut(key).is_some_and(|reply| reply.answer.is_some())
    }

    /// Rust no longer waits. Whether a task has begun for it, which the loop's thread has to cancel. On any thread.
    pub(super) fn give_up(&self, key: u64) -> bool {
        let mut replies = lock(&self.0);
        let Some(reply) = replies.get_mut(key) else { return false };
        let answer = reply.answer.take();
        let begun = matches!(&reply.asked, Asked::Task(begun) if !begun.cancelled);
        let removed = if matches!(reply.asked, Asked::Call) { replies.remove(key) } else { None };
        drop(replies);
        drop((answer, removed));
        begun
    }

    /// Rust no longer waits for what it has shielded. On any thread.
    pub(super) fn release(&self, key: u64) {
        let mut replies = lock(&self.0);
        let Some(reply) = replies.get_mut(key) else { return };
        reply.runs_on = true;
        let answer = reply.answer.take();
        drop(replies);
        drop(answer);
    }

    /// The task that is to be cancelled, because Rust does not wait for it any more: by the caller, and once. On the loop's
    /// thread.
    pub(super) fn cancel_task(&self, py: Python<'_>, key: u64) -> Option<Py<PyAny>> {
        match &mut lock(&self.0).get_mut(key)?.asked {
            Asked::Task(begun) if !begun.cancelled => {
                begun.cancelled = true;
                Some(begun.task.clone_ref(py))
            }
            Asked::Call | Asked::Awaitable { .. } | Asked::Task(_) => None,
        }
    }

    /// Rust is about to wait no longer. What has begun for it is [to be cancelled](Self::cancel_task); it answers yet, in
    /// case that Rust does not drop its future after all. What has not begun never will, and its answer is to be dropped by
    /// the caller, which Rust sees. On the loop's thread.
    pub(super) fn cancel(&self, py: Python<'_>, key: u64) -> (Option<Py<PyAny>>, Option<Answer>) {
        let task = self.cancel_task(py, key);
        let mut replies = lock(&self.0);
        let Some(reply) = replies.get_mut(key) else { return (task, None) };
        let answer = match reply.asked {
            Asked::Task(_) => None,
            Asked::Call => replies.remove(key).and_then(|reply| reply.answer),
            Asked::Awaitable { .. } => reply.answer.take(),
        };
        (task, answer)
    }

    /// The tasks that the bridge has made and that have not ended.
    pub(super) fn tasks(&self, py: Python<'_>) -> Vec<Py<PyAny>> {
        let replies = lock(&self.0);
        let tasks = replies.values().filter_map(|reply| match &reply.asked {
            Asked::Task(begun) if begun.made => Some(begun.task.clone_ref(py)),
            Asked::Call | Asked::Awaitable { .. } | Asked::Task(_) => None,
        });
        tasks.collect()
    }

    /// The awaitable of this number, which is to begin now. On the loop's thread.
    pub(super) fn begin(&self, key: u64) -> Option<Begin> {
        let mut replies = lock(&self.0);
        let reply = replies.get_mut(key)?;
        if reply.is_wanted() {
            match mem::replace(&mut reply.asked, Asked::Call) {
                Asked::Awaitable { awaitable, context } => Some(Begin::Now { awaitable, context }),
                Asked::Call | Asked::Task(_) => None,
            }
        } else {
            let removed = replies.remove(key);
            drop(replies);
            match removed?.asked {
                Asked::Awaitable { awaitable, .. } => Some(Begin::Never { awaitable }),
                Asked::Call | Asked::Task(_) => None,
            }
        }
    }

    /// Remembers the task that answers. False if Rust no longer waits for it. On the loop's thread.
    pub(super) fn started(&self, key: u64, task: Py<PyAny>, made: bool) -> bool {
        match lock(&self.0).get_mut(key) {
            Some(reply) if reply.is_wanted() => {
                reply.asked = Asked::Task(Begun { task, made, cancelled: false });
                true
            }
            _ => false,
        }
    }

    /// Takes out what was asked for: Python has answered, or Rust no longer waits. On a thread that is attached.
    pub(super) fn remove(&self, key: u64) -> Option<Reply> {
        lock(&self.0).remove(key)
    }

    /// Everything, when the bridge is closed.
    pub(super) fn take(&self) -> impl Iterator<Item = Reply> + use<> {
        mem::take(&mut *lock(&self.0)).into_values()
    }

    /// For the garbage collector.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        for reply in lock(&self.0).values() {
            match &reply.asked {
                Asked::Call => {}
                Asked::Awaitable { awaitable, context } => {
                    visit.call(awaitable)?;
                    visit.call(context.as_ref())?;
                }
                Asked::Task(begun) => visit.call(&begun.task)?,
            }
        }
        Ok(())
    }
}
