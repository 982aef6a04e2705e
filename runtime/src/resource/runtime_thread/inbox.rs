//! What the handler gets: the messages, and for some of them the way to reply.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::state::Worker;
use crate::resource::StopSignal;

/// The messages of a [`RuntimeThread`](super::RuntimeThread).
///
/// Dropping it refuses what is sent from now on; what is left in it is dropped, and counted in the report.
pub struct Inbox<M> {
    receiver: mpsc::Receiver<M>,
    stop: StopSignal,
    worker: Arc<Worker>,
}

impl<M> Inbox<M> {
    pub(super) fn new(receiver: mpsc::Receiver<M>, stop: StopSignal, worker: Arc<Worker>) -> Self {
        Inbox { receiver, stop, worker }
    }

    /// The next message. Once the thread should stop nothing new gets in; when the rest was handled, `None`. So it is when
    /// all handles are gone.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, no message is lost.
    pub async fn recv(&mut self) -> Option<M> {
        let Inbox { receiver, stop, .. } = self;
        let mut stopped = pin!(stop.stopped());
        poll_fn(|cx| {
            if !receiver.is_closed() && stopped.as_mut().poll(cx).is_ready() {
                receiver.close();
            }
            receiver.poll_recv(cx)
        })
        .await
    }

    /// The next message, if there is one now.
    pub fn try_recv(&mut self) -> Option<M> {
        self.receiver.try_recv().ok()
    }
}

impl<M> Drop for Inbox<M> {
    fn drop(&mut self) {
        self.receiver.close();
        let mut left = 0;
        while let Ok(message) = self.receiver.try_recv() {
            left += 1;
            drop(message);
        }
        self.worker.left_unhandled(left, !self.stop.is_stopped());
    }
}

impl<M> fmt::Debug for Inbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("waiting", &self.receiver.len()).finish_non_exhaustive()
    }
}

/// How a handler answers a [`call`](super::RuntimeThread::call). May be kept, and sent to another task or thread.
#[must_use = "the caller waits for a reply"]
pub struct Reply<T: Send + 'static> {
    /// None once it was answered.
    sender: Option<Sender<T>>,
}

type Sender<T> = oneshot::Sender<Result<T, Lost>>;

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Lost {
    /// The handler panicked.
    Panicked(String),
    Dropped,
}

impl<T: Send + 'static> Reply<T> {
    pub(super) fn new(sender: Sender<T>) -> Self {
        Reply { sender: Some(sender) }
    }

    /// Answers. If nobody waits any more the value is dropped.
    pub fn send(mut self, value: T) {
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(Ok(value));
        }
    }

    /// Whether somebody still waits for it.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Ready when nobody waits for it any more: the call was dropped.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and made anew.
    pub async fn unwanted(&mut self) {
        if let Some(sender) = &mut self.sender {
            sender.closed().await;
        }
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    fn drop(&mut self) {
        let Some(sender) = self.sender.take() else { return };
        // While the handler unwinds, nobody knows yet with what message, or whether it catches the panic itself.
        if thread::panicking() && HANDLING.get() {
            LOST.with_borrow_mut(|lost| lost.push(Box::new(|why| drop(sender.send(Err(why))))));
        } else {
            let _ = sender.send(Err(Lost::Dropped));
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("wanted", &self.is_wanted()).finish()
    }
}

thread_local! {
    /// Whether this thread polls a handler.
    static HANDLING: Cell<bool> = const { Cell::new(false) };
    /// The replies that were dropped by a panic during that poll.
    static LOST: RefCell<Vec<Tell>> = const { RefCell::new(Vec::new()) };
}

type Tell = Box<dyn FnOnce(Lost)>;

/// Polls a handler: `true` while it does.
pub(super) fn set_handling(handling: bool) {
    HANDLING.set(handling);
}

/// Tells those whose replies were lost: with the message, if that was the end of the handler.
pub(super) fn tell_lost(panic: Option<&str>) {
    for tell in LOST.with_borrow_mut(mem::take) {
        tell(panic.map_or(Lost::Dropped, |message| Lost::Panicked(message.to_owned())));
    }
}
