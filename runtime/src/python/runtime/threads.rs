//! Which threads run a runtime's work, by Python's ident, so that the exit can interrupt what Python they still run.
//!
//! A thread of our own builder is listed when it starts. tokio's builder has no way to read the hook that a user has set,
//! and setting one replaces it: so where the user made the builder or the runtime, a thread is listed when it first polls a
//! task of ours. Either way its last destructor takes it off the list.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::sync::lock;

#[derive(Debug, Default)]
pub(super) struct Threads {
    idents: Mutex<Vec<u64>>,
}

impl Threads {
    /// Puts this thread on the list, until it ends.
    pub(super) fn list_current(self: &Arc<Self>) {
        let _ = LISTED.try_with(|listed| {
            if !listed.borrow().as_ref().is_some_and(|listed| Arc::ptr_eq(&listed.threads, self)) {
                let before = listed.replace(Some(Listed::new(Arc::clone(self))));
                drop(before);
            }
        });
    }

    /// Whether this is one of them.
    pub(super) fn is_current(self: &Arc<Self>) -> bool {
        let listed =
            LISTED.try_with(|listed| listed.borrow().as_ref().is_some_and(|listed| Arc::ptr_eq(&listed.threads, self)));
        listed.unwrap_or(false)
    }

    /// What `threading.get_ident()` returns on each of them.
    pub(super) fn idents(&self) -> Vec<u64> {
        lock(&self.idents).clone()
    }
}

thread_local! {
    static LISTED: RefCell<Option<Listed>> = const { RefCell::new(None) };
}

struct Listed {
    threads: Arc<Threads>,
    ident: u64,
}

impl Listed {
    fn new(threads: Arc<Threads>) -> Self {
        let ident = current_ident();
        lock(&threads.idents).push(ident);
        Listed { threads, ident }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut idents = lock(&self.threads.idents);
        if let Some(at) = idents.iter().position(|ident| *ident == self.ident) {
            idents.swap_remove(at);
        }
    }
}

#[allow(unsafe_code, reason = "std does not tell the id that Python uses")]
pub(in crate::python) fn current_ident() -> u64 {
    // SAFETY: it has no preconditions.
    let thread = unsafe { libc::pthread_self() };
    thread as u64
}

pin_project! {
    /// A task of ours, which lists the threads that poll it.
    pub(super) struct Listing<F> {
        // None where the threads list themselves.
        threads: Option<Arc<Threads>>,
        #[pin]
        future: F,
    }
}

impl<F> Listing<F> {
    pub(super) fn new(threads: Option<Arc<Threads>>, future: F) -> Self {
        Listing { threads, future }
    }

    pub(super) fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Listing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(threads) = this.threads {
            threads.list_current();
        }
        this.future.poll(cx)
    }
}
