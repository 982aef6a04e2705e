//! What runs on the thread.

use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::builder::Settings;
use super::inbox::{self, Inbox};
use super::state::Worker;
use crate::host::user_threads::Owner;
use crate::resource::{StopSignal, Thread};
use crate::teardown::outcome::panic_message;
use crate::teardown::{Failure, Outcome};

/// Starts the thread.
pub(super) fn spawn<M, F, R>(
    settings: Settings,
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
    let owner = Owner::called("RuntimeThread", Some(settings.name.clone().into()), location);
    let pool = Arc::clone(&owner);
    let mut builder = match settings.worker_threads {
        None => Builder::new_current_thread(),
        #[cfg(target_family = "wasm")] // without threads there is no such runtime, and no thread for this one either
        Some(_) => return Err(io::ErrorKind::Unsupported.into()),
        #[cfg(not(target_family = "wasm"))]
        Some(workers) => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(workers);
            builder
        }
    };
    builder.enable_all().thread_name(&*settings.name).on_thread_start(move || pool.adopt_current());
    // Here, where an error can be returned.
    let runtime = InBackground(Some(builder.build()?));
    Thread::spawn_part(settings.name, location, owner, move |stop| {
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
                worker.panicked(message.clone());
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
