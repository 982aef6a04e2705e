//! What runs on the thread.

use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::inbox::{self, Inbox};
use crate::outcome::panic_message;
use crate::sync::lock;
use crate::user_threads::Owner;
use crate::{Failure, Outcome, StopSignal, Thread};

/// What the thread and its handles share.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// Cancelled when the handler is to be dropped.
    pub(super) forced: CancellationToken,
    /// The message of the handler's panic.
    panic: Mutex<Option<String>>,
    /// How many messages were left when the handler let go of its inbox.
    unhandled: AtomicUsize,
    /// Whether that was before it was asked to stop.
    early: AtomicBool,
}

impl Worker {
    pub(super) fn panic(&self) -> Option<String> {
        lock(&self.panic).clone()
    }

    pub(super) fn unhandled(&self) -> usize {
        self.unhandled.load(Ordering::Acquire)
    }

    /// Whether messages were lost because the handler ended before it was asked to.
    pub(super) fn ended_early(&self) -> bool {
        self.early.load(Ordering::Acquire) && self.unhandled() > 0
    }

    pub(super) fn left_unhandled(&self, messages: usize, early: bool) {
        self.early.store(early, Ordering::Release);
        self.unhandled.store(messages, Ordering::Release);
    }
}

/// Starts the thread.
pub(super) fn spawn<M, F, R>(
    name: String,
    location: &'static Location<'static>,
    receiver: mpsc::Receiver<M>,
    handler: F,
    worker: Arc<Worker>,
) -> io::Result<Thread>
where
    M: Send + 'static,
    F: AsyncFnOnce(Inbox<M>, StopSignal) -> R + Send + 'static,
    R: Into<Outcome>,
{
    let owner = Owner::new();
    let pool = Arc::clone(&owner);
    let mut builder = Builder::new_current_thread();
    builder.enable_all().on_thread_start(move || pool.adopt_current());
    // Here, where an error can be returned.
    let runtime = InBackground(Some(builder.build()?));
    Thread::spawn_from(name, location, owner, move |stop| {
        let runtime = runtime.take();
        let inbox = Inbox::new(receiver, stop.clone(), Arc::clone(&worker));
        let outcome = runtime.block_on(run(handler, inbox, stop, &worker));
        // Its tasks are dropped, and its blocking threads waited for.
        drop(runtime);
        if worker.ended_early() {
            let lost = format!("it ended before it was asked to, with {} messages left", worker.unhandled());
            return outcome.worse(Outcome::Failed(Failure::new(lost)));
        }
        outcome
    })
}

/// Runs the handler until it returns, or is to be dropped.
async fn run<M, F, R>(handler: F, inbox: Inbox<M>, stop: StopSignal, worker: &Worker) -> Outcome
where
    F: AsyncFnOnce(Inbox<M>, StopSignal) -> R,
    R: Into<Outcome>,
{
    let mut forced = pin!(worker.forced.cancelled());
    // Boxed: dropped before this returns.
    let mut handler = Box::pin(async move { handler(inbox, stop).await });
    poll_fn(|cx| {
        if forced.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Outcome::Stopped);
        }
        inbox::set_handling(true);
        let polled = catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx)));
        inbox::set_handling(false);
        match polled {
            Ok(poll) => {
                inbox::tell_lost(None);
                poll.map(Into::into)
            }
            Err(payload) => {
                let message = panic_message(&*payload);
                *lock(&worker.panic) = Some(message.clone());
                inbox::tell_lost(Some(&message));
                resume_unwind(payload)
            }
        }
    })
    .await
}

/// A runtime that is dropped without a wait, where nobody takes it out: the thread could not be started, and the caller may
/// be async.
struct InBackground(Option<Runtime>);

impl InBackground {
    fn take(mut self) -> Runtime {
        self.0.take().expect("it is taken once")
    }
}

impl Drop for InBackground {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
