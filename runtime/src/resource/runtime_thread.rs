//! `RuntimeThread`: a thread that drives a tokio runtime of its own and is fed by messages.

mod builder;
mod error;
mod inbox;
mod state;
mod teardown;
#[cfg(all(test, not(sundown_loom)))]
mod tests;
mod worker;

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::driver::{self, Driver};
use crate::host::fork::Inheritable;
use crate::observe;
use crate::resource::owned::Owned;
use crate::resource::{StopSignal, Thread};
use crate::teardown::{Outcome, Report};
use crate::value::Phase;
use state::Worker;

pub use builder::RuntimeThreadBuilder;
use builder::Settings;
pub use error::{RuntimeThreadError, Undelivered};
pub use inbox::{Inbox, Reply};

/// A thread that drives a tokio runtime of its own, fed by messages: the "runner" of a binding. The runtime is a
/// current-thread one, unless it gets [`worker_threads`](RuntimeThreadBuilder::worker_threads).
///
/// A cheap handle: all clones are one thread. The handler, an async closure that gets the [`Inbox`] and the thread's
/// [`StopSignal`], runs until it returns; what it makes need not be `Send`. As a [`Teardown`](crate::Teardown) it is
/// asked by its stop signal: nothing gets into the inbox any more, and once that is empty [`Inbox::recv`] returns
/// `None`. It is forced by dropping the handler at its next `await`. It has ended when the OS thread has, with the
/// tasks that the handler has spawned and the threads of its blocking pool. A handler that blocks cannot be forced: it
/// is reported as abandoned, by name. No other thread is needed for any of this.
///
/// Dropping the last handle asks the thread to stop and does not wait for it.
///
/// ```
/// use std::collections::HashMap;
/// use std::time::Duration;
/// use sundown::{Reply, RuntimeThread};
///
/// enum Message {
///     Put(String, u64),
///     Get(String, Reply<Option<u64>>),
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RuntimeThread::spawn("store", async |mut inbox, _stop| {
///     let mut values = HashMap::new(); // a connection, say
///     while let Some(message) = inbox.recv().await {
///         match message {
///             Message::Put(key, value) => drop(values.insert(key, value)),
///             Message::Get(key, reply) => reply.send(values.get(&key).copied()),
///         }
///     }
/// })?;
/// store.send(Message::Put("answer".to_owned(), 42)).await?;
/// assert_eq!(store.call(|reply| Message::Get("answer".to_owned(), reply)).await?, Some(42));
///
/// store.shutdown(Duration::from_secs(2)).await?;
/// let refused = store.send(Message::Put("late".to_owned(), 1)).await;
/// assert_eq!(refused.unwrap_err().to_string(), "thread `store` takes no messages any more");
/// # Ok(()) }
/// ```
///
/// From a Python method, `py.detach(|| store.call_blocking(…))` waits without the interpreter; where Ctrl-C should interrupt
/// the wait, use a `Runtime` of `sundown-python`: `runtime.block_on(py, store.call(…))`.
pub struct RuntimeThread<M> {
    /// A forked child has no such thread, and drops nothing of it.
    inner: Arc<Inheritable<Inner<M>>>,
    name: Arc<str>,
}

struct Inner<M> {
    sender: mpsc::Sender<M>,
    core: Arc<Owned<Core>>,
}

/// What does not depend on the type of the messages.
struct Core {
    name: Arc<str>,
    thread: Thread,
    stop: StopSignal,
    worker: Arc<Worker>,
}

impl<M: Send + 'static> RuntimeThread<M> {
    /// How many messages wait in the inbox at most, unless [`with_capacity`](Self::with_capacity) says otherwise.
    pub const CAPACITY: usize = 64;

    /// The budget of [`shutdown`](Self::shutdown), unless it is given one.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// Starts a thread called `name` that runs `handler`.
    ///
    /// The handler returns `()` or a `Result`, whose error goes into the report. One that returns before it was asked
    /// to stop while messages are left for it has failed.
    ///
    /// # Errors
    ///
    /// If the OS gives no thread or no descriptors, or `name` contains a NUL byte.
    #[track_caller]
    pub fn spawn<F, R>(name: impl Into<String>, handler: F) -> io::Result<Self>
    where
        F: AsyncFnOnce(Inbox<M>, StopSignal) -> R + Send + 'static,
        R: Into<Outcome>,
    {
        Self::spawn_at(Settings::new(name.into()), Location::caller(), handler)
    }

    /// As [`spawn`](Self::spawn), with so much room in the inbox.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    ///
    /// If the capacity is zero, as tokio's channels do.
    #[track_caller]
    pub fn with_capacity<F, R>(name: impl Into<String>, capacity: usize, handler: F) -> io::Result<Self>
    where
        F: AsyncFnOnce(Inbox<M>, StopSignal) -> R + Send + 'static,
        R: Into<Outcome>,
    {
        Self::builder(name).capacity(capacity).spawn_at(Location::caller(), handler)
    }

    /// A builder: for more threads, another capacity.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let crawler = sundown::RuntimeThread::builder("crawler").worker_threads(4).spawn(async |mut inbox, _stop| {
    ///     while let Some(number) = inbox.recv().await {
    ///         let _: u64 = number;
    ///         tokio::spawn(async move { number * number }); // on a worker
    ///     }
    /// })?;
    /// crawler.send_blocking(7)?;
    /// crawler.shutdown_blocking(None)?;
    /// # Ok(()) }
    /// ```
    pub fn builder(name: impl Into<String>) -> RuntimeThreadBuilder<M> {
        RuntimeThreadBuilder::new(Settings::new(name.into()))
    }

    fn spawn_at<F, R>(settings: Settings, location: &'static Location<'static>, handler: F) -> io::Result<Self>
    where
        F: AsyncFnOnce(Inbox<M>, StopSignal) -> R + Send + 'static,
        R: Into<Outcome>,
    {
        let (sender, receiver) = mpsc::channel(settings.capacity);
        let name = settings.name.clone();
        let worker = Arc::new(Worker::default());
        let thread = worker::spawn(settings, location, receiver, handler, Arc::clone(&worker))?;
        let name: Arc<str> = name.into();
        let core = Core { name: Arc::clone(&name), stop: thread.signal(), thread, worker };
        let inner = Inner { sender, core: Owned::new(core, location) };
        Ok(RuntimeThread { inner: Arc::new(Inheritable::new(inner)), name })
    }

    /// Sends a message; waits while the inbox is full.
    ///
    /// # Errors
    ///
    /// If the thread was asked to stop or has ended; the error has the message, and the panic if there was one.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the message was not sent, and is dropped with it.
    pub async fn send(&self, message: M) -> Result<(), Undelivered<M>> {
        let Some(inner) = self.inner.get() else { return Err(Undelivered::new(message, self.closed())) };
        let reserved = {
            let mut stopped = pin!(inner.core.stop.stopped());
            let mut reserve = pin!(inner.sender.reserve());
            poll_fn(|cx| match stopped.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => reserve.as_mut().poll(cx).map(Result::ok),
            })
            .await
        };
        match reserved {
            Some(room) => {
                observe::message(&self.name, "accepted");
                room.send(message);
                Ok(())
            }
            None => Err(self.refused(message)),
        }
    }

    /// Sends a message if there is room for it now. Never blocks.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`ChannelFull`](RuntimeThreadError::ChannelFull).
    pub fn try_send(&self, message: M) -> Result<(), Undelivered<M>> {
        let Some(inner) = self.inner.get().filter(|inner| !inner.core.stop.is_stopped()) else {
            return Err(self.refused(message));
        };
        match inner.sender.try_send(message) {
            Ok(()) => {
                observe::message(&self.name, "accepted");
                Ok(())
            }
            Err(TrySendError::Closed(message)) => Err(self.refused(message)),
            Err(TrySendError::Full(message)) => {
                observe::message(&self.name, "refused");
                Err(Undelivered::new(message, RuntimeThreadError::ChannelFull { thread: self.name.to_string() }))
            }
        }
    }

    /// As [`send`](Self::send), blocking this thread. Inside an async runtime it holds up what else runs on this thread.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); on the very thread [`OwnThread`](RuntimeThreadError::OwnThread) if the inbox is full.
    pub fn send_blocking(&self, message: M) -> Result<(), Undelivered<M>> {
        if self.is_current() {
            return self.try_send(message).map_err(|error| error.instead_of_full(self.own_thread()));
        }
        driver::block_on(&Driver::blocking(), self.send(message))
    }

    /// Sends the message that `message` makes of a [`Reply`], and waits for what that is given.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`ThreadPanic`](RuntimeThreadError::ThreadPanic) if the handler panicked before it replied,
    /// [`NoReply`](RuntimeThreadError::NoReply) if it dropped the reply,
    /// [`ChannelClosed`](RuntimeThreadError::ChannelClosed) if it ended without.
    ///
    /// # Cancel safety
    ///
    /// Dropped once the message was sent, that is handled all the same; the handler can tell by [`Reply::is_wanted`].
    pub async fn call<T: Send + 'static>(&self, message: impl FnOnce(Reply<T>) -> M) -> Result<T, RuntimeThreadError> {
        let (sender, receiver) = oneshot::channel();
        self.send(message(Reply::new(sender))).await.map_err(Undelivered::into_error)?;
        match receiver.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(inbox::Lost::Panicked(message))) => Err(self.panicked(message)),
            Ok(Err(inbox::Lost::Dropped)) | Err(_) => Err(self.no_reply()),
        }
    }

    /// As [`call`](Self::call), blocking this thread. Inside an async runtime it holds up what else runs on this thread.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call); on the very thread [`OwnThread`](RuntimeThreadError::OwnThread), and nothing is sent.
    pub fn call_blocking<T: Send + 'static>(
        &self,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> Result<T, RuntimeThreadError> {
        if self.is_current() {
            return Err(self.own_thread());
        }
        driver::block_on(&Driver::blocking(), self.call(message))
    }

    /// Stops the thread within `timeout`, or within [`TIMEOUT`](Self::TIMEOUT). Anyone who calls it later, or at the
    /// same time, gets the same result.
    ///
    /// # Errors
    ///
    /// [`Timeout`](RuntimeThreadError::Timeout) if it had to be forced or still runs;
    /// [`ThreadPanic`](RuntimeThreadError::ThreadPanic) with the message, whenever it was;
    /// [`ChannelClosed`](RuntimeThreadError::ChannelClosed) if it had ended before, with messages left;
    /// [`Failed`](RuntimeThreadError::Failed) if the handler returned an error.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again: the shutdown goes on where it stopped.
    pub async fn shutdown(&self, timeout: impl Into<Option<Duration>>) -> Result<Report, RuntimeThreadError> {
        let Some(inner) = self.inner.get() else { return Err(self.closed()) };
        let driver = Driver::asynchronous();
        let teardown = inner.core.shutdown(Some(timeout.into().unwrap_or(Self::TIMEOUT)), &driver);
        self.surfaced(inner, driver::run(&driver, teardown).await)
    }

    /// As [`shutdown`](Self::shutdown), blocking this thread.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown). On the very thread nothing is waited for, and it is a timeout.
    pub fn shutdown_blocking(&self, timeout: impl Into<Option<Duration>>) -> Result<Report, RuntimeThreadError> {
        let Some(inner) = self.inner.get() else { return Err(self.closed()) };
        self.surfaced(inner, inner.core.shutdown_blocking(Some(timeout.into().unwrap_or(Self::TIMEOUT))))
    }

    fn surfaced(
        &self,
        inner: &Inner<M>,
        result: Result<Report, crate::teardown::ShutdownError>,
    ) -> Result<Report, RuntimeThreadError> {
        let thread = || self.name.to_string();
        result.map_err(|error| match error.report().outcome() {
            Outcome::Panicked { message } => RuntimeThreadError::ThreadPanic { thread: thread(), message },
            Outcome::Failed(_) if inner.core.worker.ended_early() => self.closed(),
            Outcome::Failed(_) => RuntimeThreadError::Failed { thread: thread(), error },
            _ => RuntimeThreadError::Timeout { thread: thread(), error },
        })
    }

    fn refused(&self, message: M) -> Undelivered<M> {
        observe::message(&self.name, "refused");
        Undelivered::new(message, self.over())
    }

    /// Why nothing gets in.
    fn over(&self) -> RuntimeThreadError {
        match self.inner.get().and_then(|inner| inner.core.worker.panic()) {
            Some(message) => self.panicked(message),
            None => self.closed(),
        }
    }

    fn no_reply(&self) -> RuntimeThreadError {
        let open = |inner: &Inner<M>| !inner.sender.is_closed() && inner.core.worker.panic().is_none();
        if self.inner.get().is_some_and(open) {
            RuntimeThreadError::NoReply { thread: self.name.to_string() }
        } else {
            self.over()
        }
    }

    fn closed(&self) -> RuntimeThreadError {
        RuntimeThreadError::ChannelClosed { thread: self.name.to_string() }
    }

    fn panicked(&self, message: String) -> RuntimeThreadError {
        RuntimeThreadError::ThreadPanic { thread: self.name.to_string(), message }
    }

    fn own_thread(&self) -> RuntimeThreadError {
        RuntimeThreadError::OwnThread { thread: self.name.to_string() }
    }
}

impl<M> RuntimeThread<M> {
    /// The name of the thread.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many messages wait in the inbox.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.get().map_or(0, |inner| inner.sender.max_capacity() - inner.sender.capacity())
    }

    /// Whether no message waits in the inbox.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks it to stop, and does not wait. Never blocks.
    pub fn stop(&self) {
        if let Some(inner) = self.inner.get() {
            inner.core.thread.stop();
        }
    }

    /// Whether the thread has ended. In a forked child it has.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.inner.get().is_none_or(|inner| inner.core.thread.is_finished())
    }

    /// Whether the caller is on the thread.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.inner.get().is_some_and(|inner| inner.core.thread.id() == thread::current().id())
    }

    /// The state of its shutdown.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.inner.get().map_or(Phase::Finished, |inner| inner.core.phase())
    }
}

impl<M> Clone for RuntimeThread<M> {
    fn clone(&self) -> Self {
        RuntimeThread { inner: Arc::clone(&self.inner), name: Arc::clone(&self.name) }
    }
}

impl<M> fmt::Debug for RuntimeThread<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("RuntimeThread");
        text.field("name", &self.name).field("waiting", &self.len());
        text.field("phase", &self.phase()).field("finished", &self.is_finished()).finish()
    }
}
