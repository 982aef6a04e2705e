//! `Thread`: an OS thread with a name, a stop signal and an end that can be awaited.

mod end;
mod gone;
mod hooks;

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use crate::host::user_threads::Owner;
use crate::resource::joiner::{self, Joiner};
use crate::sync::latch::Latch;
use crate::sync::{lock, quietly};
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{self, Failure, Outcome, Progress, Teardown, Wait, Watch};
use crate::value::Phase;
use crate::value::nodes::{self, Node, Registered};
use end::{End, Join};
use hooks::Hooks;

/// An OS thread with a name and a stop signal, whose end is an event: no other thread is needed to join it.
///
/// A cheap handle: all clones are one thread. As a [`Teardown`](Teardown) it is requested to stop by its [`StopSignal`], and
/// woken by what [`on_stop`](Thread::on_stop) was given if it blocks in a call that knows no signal. It has ended
/// when the OS thread has, thread-local destructors included, also those of C libraries (`pthread_key_create`), which run
/// last and may take their time: then a joiner thread waits for it. A thread cannot be forced: one that ignores its signal,
/// or does not get through its destructors, is reported as abandoned, by name. It needs no runtime, and no feature.
///
/// Dropping the last handle requests the thread to stop, and nobody waits for it.
///
/// ```
/// use std::time::Duration;
/// use sundown::{ShutdownGuard, Thread, must_shutdown};
///
/// #[must_shutdown(timeout = "2s")]
/// struct Sampler {
///     #[shutdown]
///     thread: Thread,
///     guard: ShutdownGuard<Self>,
/// }
///
/// let thread = Thread::spawn("sampler", |stop| {
///     while !stop.wait_timeout(Duration::from_secs(60)) {
///         // a sample a minute, and an end at once
///     }
/// })?;
/// let mut sampler = Sampler { thread, guard: ShutdownGuard::new() };
/// println!("{}", sampler.shutdown_blocking().unwrap());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Thread {
    inner: Arc<Inner>,
}

struct Inner {
    id: ThreadId,
    shared: Arc<Shared>,
    /// Taken by the one who joins.
    handle: Mutex<Option<JoinHandle<()>>>,
    location: &'static Location<'static>,
    created: Instant,
    registered: Registered,
}

/// What the thread itself holds.
struct Shared {
    name: String,
    stop: Latch,
    /// Called after `stop` was set.
    on_stop: Hooks,
    /// What runs on the thread is its own.
    owner: Arc<Owner>,
    /// Told by the last destructor of the thread.
    end: End,
    /// Written before the end is announced.
    result: Mutex<Ended>,
    /// The OS thread was joined.
    gone: Latch,
}

struct Ended {
    outcome: Outcome,
    payload: Option<Box<dyn Any + Send>>,
}

impl Thread {
    /// Starts a thread called `name` that runs `f`.
    ///
    /// `f` returns `()` or a `Result`, whose error goes into the report.
    ///
    /// # Errors
    ///
    /// If the OS cannot start a thread, or `name` contains a NUL byte.
    #[track_caller]
    pub fn spawn<F, R>(name: impl Into<String>, f: F) -> io::Result<Self>
    where
        F: FnOnce(StopSignal) -> R + Send + 'static,
        R: Into<Outcome>,
    {
        let (name, location) = (name.into(), Location::caller());
        let owner = Owner::called("Thread", Some(name.clone().into()), location);
        Self::spawn_at(name, location, owner, f, nodes::register)
    }

    /// As [`spawn`](Self::spawn), but not in the registry: the thread is a part of something that is. Others may work
    /// for `owner` too.
    #[cfg(feature = "tokio")]
    #[doc(hidden)]
    pub fn spawn_part<F, R>(
        name: String,
        location: &'static Location<'static>,
        owner: Arc<Owner>,
        f: F,
    ) -> io::Result<Self>
    where
        F: FnOnce(StopSignal) -> R + Send + 'static,
        R: Into<Outcome>,
    {
        Self::spawn_at(name, location, owner, f, |_| Registered::nowhere())
    }

    fn spawn_at<F, R>(
        name: String,
        location: &'static Location<'static>,
        owner: Arc<Owner>,
        f: F,
        register: impl FnOnce(Weak<dyn Node>) -> Registered,
    ) -> io::Result<Self>
    where
        F: FnOnce(StopSignal) -> R + Send + 'static,
        R: Into<Outcome>,
    {
        if name.contains('\0') {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the name of a thread must not contain a NUL byte",
            ));
        }
        let shared = Arc::new(Shared {
            name,
            stop: Latch::new(),
            on_stop: Hooks::new(),
            owner,
            end: End::new(),
            result: Mutex::new(Ended { outcome: Outcome::Stopped, payload: None }),
            gone: Latch::new(),
        });
        let own = Arc::clone(&shared);
        let handle = thread::Builder::new().name(shared.name.clone()).spawn(move || run(f, own))?;
        let inner = Arc::new_cyclic(|inner: &Weak<Inner>| Inner {
            id: handle.thread().id(),
            shared,
            handle: Mutex::new(Some(handle)),
            location,
            created: Instant::now(),
            registered: register(Weak::clone(inner) as Weak<dyn Node>),
        });
        Ok(Thread { inner })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.shared.name
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.inner.id
    }

    /// Requests it to stop: its [`StopSignal`] says so from now on, and what [`on_stop`](Self::on_stop) was given is called.
    /// Never blocks.
    pub fn stop(&self) {
        self.inner.shared.stop();
    }

    /// Has `wake` called when the thread is requested to stop, after its [`StopSignal`] says so: for a thread that
    /// blocks in a call that knows no stop signal. By anyone who stops it: its owner, [`registry::shutdown_all`] or the
    /// drop of the last handle.
    ///
    /// `wake` is called once, on the thread of the one who stops it, or here if that was before. It must not block. Several
    /// are called in their order. None is called once the thread has ended. If it panics, the thread's step has
    /// [panicked](Outcome::Panicked), and the others are called all the same. It must not own a handle of the thread, which
    /// would never be the last one then.
    ///
    /// ```
    /// use std::net::{TcpListener, TcpStream};
    /// use sundown::Thread;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let address = listener.local_addr()?;
    /// let thread = Thread::spawn("accept", move |stop| {
    ///     while let Ok((connection, _)) = listener.accept() {
    ///         if stop.is_stopped() {
    ///             break;
    ///         }
    ///         drop(connection); // served here
    ///     }
    /// })?
    /// .on_stop(move || drop(TcpStream::connect(address)));
    /// # use sundown::{ShutdownGuard, must_shutdown};
    /// # #[must_shutdown] struct Server { #[shutdown] thread: Thread, guard: ShutdownGuard<Self> }
    /// # Server { thread, guard: ShutdownGuard::new() }.shutdown_blocking().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// [`registry::shutdown_all`]: crate::registry::shutdown_all
    #[must_use = "this is the handle of the thread, which is requested to stop when the last one is dropped"]
    pub fn on_stop(self, wake: impl FnOnce() + Send + 'static) -> Self {
        self.inner.shared.on_stop(wake);
        self
    }

    /// The id of what works on it.
    #[cfg(feature = "tokio")]
    pub(crate) fn owner(&self) -> usize {
        self.inner.shared.owner.id()
    }

    /// What the thread itself has of it.
    #[cfg(feature = "tokio")]
    pub(crate) fn signal(&self) -> StopSignal {
        StopSignal { shared: Arc::clone(&self.inner.shared) }
    }

    /// Whether it has ended; destructors of C libraries may still run on the OS thread.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.inner.shared.end.is_over()
    }

    /// Ready when it has ended; on the very thread it never is. Works under any executor, and does not ask it to stop.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and made anew.
    pub async fn wait(&self) {
        self.inner.shared.end.wait().await;
    }

    /// The payload of its panic, once it has ended in one; only once. The report has the message all the same.
    pub fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        lock(&self.inner.shared.result).payload.take()
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("name", &self.name())
            .field("created", &format_args!("{}", self.inner.location))
            .field("stopped", &self.inner.shared.stop.is_set())
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// How a [`Thread`] learns that it should stop. A cheap clone.
#[derive(Clone)]
pub struct StopSignal {
    shared: Arc<Shared>,
}

impl StopSignal {
    /// Whether the thread should stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.shared.stop.is_set()
    }

    /// Blocks until the thread should stop.
    pub fn wait(&self) {
        self.shared.stop.wait_blocking();
    }

    /// Blocks until the thread should stop, for at most `timeout`. Whether it should stop: `while
    /// !stop.wait_timeout(period) { … }` does something every `period`.
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.shared.stop.wait_timeout(timeout)
    }

    /// As [`Thread::on_stop`], for what the thread has made itself.
    pub fn on_stop(&self, wake: impl FnOnce() + Send + 'static) {
        self.shared.on_stop(wake);
    }

    /// Ready when the thread should stop, for a thread that drives futures.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and made anew.
    pub async fn stopped(&self) {
        self.shared.stop.wait().await;
    }
}

impl fmt::Debug for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopSignal").field("stopped", &self.is_stopped()).finish()
    }
}

impl Shared {
    fn stop(&self) {
        self.stop.set();
        self.on_stop.take().into_iter().for_each(|wake| self.call(wake));
    }

    fn on_stop(&self, wake: impl FnOnce() + Send + 'static) {
        if let Some(wake) = self.on_stop.add(Box::new(wake)) {
            self.call(wake);
        }
    }

    fn call(&self, wake: Box<dyn FnOnce() + Send>) {
        if self.end.is_over() {
            quietly(|| drop(wake));
        } else {
            self.on_stop.call(wake, &self.name);
        }
    }
}

thread_local! {
    static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

/// Says that the thread has ended. The first thread-local of the thread, so that it is destroyed last: std destroys in the
/// reverse order of registration, and what the destructors of a user's thread-locals do belongs to the thread.
struct AtEnd(Option<Arc<Shared>>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        // A panic here would abort the process: of a waker, or of the payload or the error that the thread ended with, which
        // is dropped here if no handle is left.
        let shared = self.0.take();
        quietly(|| {
            if let Some(shared) = &shared {
                shared.end.announce();
            }
        });
        quietly(|| drop(shared));
    }
}

fn run<R: Into<Outcome>>(f: impl FnOnce(StopSignal) -> R, shared: Arc<Shared>) {
    AT_END.set(Some(AtEnd(Some(Arc::clone(&shared)))));
    shared.owner.adopt_current();
    let signal = StopSignal { shared: Arc::clone(&shared) };
    let ended = match catch_unwind(AssertUnwindSafe(|| f(signal).into())) {
        Ok(outcome) => Ended { outcome, payload: None },
        Err(payload) => Ended { outcome: Outcome::from_panic(&*payload), payload: Some(payload) },
    };
    *lock(&shared.result) = ended;
}

impl Shared {
    /// It has returned, and no thread can be started to wait for the destructors of its data: so nobody waits for them.
    fn cannot_be_joined(&self, error: &io::Error) {
        let mut result = lock(&self.result);
        if result.outcome.is_stopped() {
            let text = "it has returned, and there is no thread to wait for the destructors of its data with";
            result.outcome = Outcome::Failed(Failure::new(format!("{text}: {error}")));
        }
        drop(result);
        self.gone.set();
    }
}

impl Inner {
    /// Joins the thread, which has announced its end, without blocking: where it still runs something, another thread joins
    /// it for the step called `step`, if it can be started. In any case `gone` is set then. The first of all who wait does it.
    fn join(&self, join: Join, step: &str) {
        let Some(handle) = lock(&self.handle).take() else { return };
        match gone::join_at_once(handle, join) {
            Ok(()) => self.shared.gone.set(),
            Err(handle) => {
                let shared = Arc::clone(&self.shared);
                let joiner = Joiner::try_spawn(step, move || {
                    let _ = handle.join(); // its panic was caught inside
                    shared.gone.set();
                });
                if let Err(error) = joiner {
                    self.shared.cannot_be_joined(&error);
                }
            }
        }
    }

    /// Why it is given up.
    fn stuck(&self) -> String {
        let name = &self.shared.name;
        if self.shared.end.is_over() {
            let joiner = joiner::NAME;
            return format!(
                "thread `{name}` has returned, and a destructor of its thread's data still runs; a `{joiner}` thread waits \
                 for it"
            );
        }
        format!("thread `{name}` ignores its stop signal, and a thread cannot be forced")
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.registered.is_inherited() {
            // The thread is in the parent of this fork.
            let handle = self.handle.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
            std::mem::forget((handle.take(), Arc::clone(&self.shared)));
            return;
        }
        self.shared.stop();
    }
}

/// A thread that shuts itself down is not waited for, but reported: it runs on.
impl Teardown for &Thread {
    fn request(&mut self, progress: &mut Progress) {
        self.stop();
        // Also of a call that came before: the thread was not woken, and this says why it is late.
        if let Some(panicked) = self.inner.shared.on_stop.take_panic() {
            progress.problem(panicked);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        progress.bounds(&self.inner.shared.owner);
        let id = self.id();
        let blocks_it = progress.driver.as_ref().is_some_and(|driver| driver.blocks_thread(id));
        Box::pin(async move {
            let _named = match self.is_idle() {
                true => None,
                false => progress.waits_for(|| {
                    let text = format!("thread `{}` ({})", self.name(), self.inner.location);
                    move || Some(text.clone())
                }),
            };
            let mut end = pin!(self.inner.shared.end.wait());
            let ended = poll_fn(|cx| {
                // Asked in each poll: an executor may move this onto the very thread later on.
                if blocks_it || thread::current().id() == id {
                    let name = self.name();
                    return Poll::Ready(Err(Outcome::abandoned(format!("thread `{name}` would wait for itself"))));
                }
                end.as_mut().poll(cx).map(Ok)
            });
            match ended.await {
                Ok(join) => self.inner.join(join, progress.name()),
                Err(itself) => return itself,
            }
            self.inner.shared.gone.wait().await;
            if let Some(panicked) = self.inner.shared.on_stop.take_panic() {
                progress.problem(panicked);
            }
            lock(&self.inner.shared.result).outcome.clone()
        })
    }

    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move { Some(teardown::Ended::whole(Teardown::wait(self, progress).await)) })
    }

    fn is_idle(&self) -> bool {
        self.inner.shared.gone.is_set()
    }

    fn force(&mut self, progress: &mut Progress) {
        // Nothing can be done to it; but it may have been on its way out.
        let handle = self.clone();
        progress.if_stuck(move || Some(handle.inner.stuck()));
    }
}

teardown_by_ref!([] Thread);

impl Node for Inner {
    fn name(&self) -> String {
        format!("Thread `{}`", self.shared.name)
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn created(&self) -> Instant {
        self.created
    }

    fn phase(&self) -> Phase {
        match (self.shared.stop.is_set(), self.shared.end.is_over()) {
            (_, true) => Phase::Finished,
            (true, false) => Phase::Stopping,
            (false, false) => Phase::Live,
        }
    }

    fn owner(&self) -> Option<usize> {
        Some(self.shared.owner.id())
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        (!self.shared.end.is_over()).then(|| Box::new(Thread { inner: self }) as Box<dyn Teardown + Send>)
    }
}
