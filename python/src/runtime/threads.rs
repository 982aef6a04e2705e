//! Which threads are a runtime's own. (Which run user code, and may be interrupted by the exit, is in
//! [`user_threads`](crate::internal::host::user_threads).)
//!
//! A thread of our own builder is listed when it starts. tokio's builder has no way to read the hook that a user has set,
//! and setting one replaces it: so where the user made the builder or the runtime, a thread is listed when it first polls a
//! task of ours. Either way its last destructor takes it off the list.

use std::cell::RefCell;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::internal::host::user_threads::Owner;
use crate::internal::sync::lock;

#[derive(Debug)]
pub(super) struct Threads {
    running: Mutex<usize>,
    /// What runs on them is the runtime's, also what was spawned with its handle.
    pub(super) owner: Arc<Owner>,
    /// Whether they are the runtime's own. Somebody else's may be any thread, also one that Python made.
    owned: bool,
}

impl Threads {
    pub(super) fn new(owned: bool, name: &str, location: &'static Location<'static>) -> Self {
        let owner = Owner::called("Runtime", Some(name.to_owned().into()), location);
        Threads { running: Mutex::new(0), owner, owned }
    }

    /// Puts this thread on the list, until it ends.
    pub(super) fn list_current(self: &Arc<Self>) {
        let _ = LISTED.try_with(|listed| {
            if !listed.borrow().as_ref().is_some_and(|listed| Arc::ptr_eq(&listed.threads, self)) {
                let before = listed.replace(Some(Listed::new(Arc::clone(self))));
                drop(before);
                if self.owned {
                    self.owner.adopt_current();
                }
            }
        });
    }

    /// Whether this is one of them.
    pub(super) fn is_current(self: &Arc<Self>) -> bool {
        let listed =
            LISTED.try_with(|listed| listed.borrow().as_ref().is_some_and(|listed| Arc::ptr_eq(&listed.threads, self)));
        listed.unwrap_or(false)
    }

    /// How many of them run.
    pub(super) fn running(&self) -> usize {
        *lock(&self.running)
    }
}

thread_local! {
    static LISTED: RefCell<Option<Listed>> = const { RefCell::new(None) };
}

struct Listed {
    threads: Arc<Threads>,
}

impl Listed {
    fn new(threads: Arc<Threads>) -> Self {
        *lock(&threads.running) += 1;
        Listed { threads }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        *lock(&self.threads.running) -= 1;
    }
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
