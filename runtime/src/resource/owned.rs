//! What the services have in common (a runtime, a loop, a thread with a runtime): each is owned by its handles, registered,
//! torn down by a plan with one entry, and left to the reaper when the last handle goes.
//!
//! The entry is like that of a guard: so its owner, an exit and the reaper go on where the last one stopped, and all get one
//! report.

use std::any::Any;
use std::borrow::Cow;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::driver::{self, Driver};
use crate::host::exit;
use crate::plan::{Spec, Step};
use crate::teardown::{Progress, Report, ShutdownError, Teardown, Wait};
use crate::value::entry::Entry;
use crate::value::nodes::{self, Node, Phase, Registered};
use crate::value::{reaper, run};

/// Something that runs in the background, behind handles.
pub trait Service: Send + Sync + 'static {
    /// Its plan.
    const SPEC: &'static Spec;

    /// The type, with its path.
    const TYPE: &'static str;

    /// What reports call it.
    fn name(&self) -> Cow<'_, str>;

    /// The timeout that its user has written, which bounds it within its owner's budget too. Without one the limit is
    /// its owner's, or that of [`SPEC`](Self::SPEC) if it has none.
    fn timeout(&self) -> Option<Duration>;

    /// The steps, in the order of the spec.
    fn steps(&self) -> Vec<Step<'_>>;

    /// Asks what runs to stop. Waits for nothing and never blocks.
    fn stop(&self);

    /// Whether it has ended by itself.
    fn is_finished(&self) -> bool {
        false
    }

    /// [`Node::owner`] of the whole.
    fn owner(&self) -> Option<usize> {
        None
    }

    /// [`Node::thread`] of the whole.
    fn thread(&self) -> Option<u32> {
        None
    }

    /// [`Node::unknown_workers`] of the whole.
    fn unknown_workers(&self) -> usize {
        0
    }

    /// A teardown is over, however it ended.
    fn torn_down(&self) {}

    /// [`Node::at_exit`] of the whole.
    fn at_exit(_owned: Arc<Owned<Self>>) -> Option<Box<dyn Any>>
    where
        Self: Sized,
    {
        None
    }
}

/// A service and its entry.
pub struct Owned<S: Service> {
    service: S,
    pub(crate) entry: Arc<Entry>,
    _registered: Registered,
}

impl<S: Service> Owned<S> {
    /// Registers a service that was started at `location`.
    pub fn new(service: S, location: &'static Location<'static>) -> Arc<Self> {
        Arc::new_cyclic(|owned: &Weak<Self>| Owned {
            service,
            entry: Arc::new(Entry::new(S::SPEC, S::TYPE, location)),
            _registered: nodes::register_for_exit(Weak::clone(owned) as Weak<dyn Node>),
        })
    }

    fn plan(&self) -> run::Plan<'_> {
        run::Plan { spec: S::SPEC, steps: self.service.steps() }
    }

    /// Whether its shutdown has not begun.
    pub fn is_live(&self) -> bool {
        self.entry.phase() == Phase::Live
    }

    /// Whether its shutdown is over, however it ended.
    pub fn has_ended(&self) -> bool {
        self.entry.has_result()
    }

    /// Where it was made.
    pub fn location(&self) -> &'static Location<'static> {
        self.entry.location
    }

    /// The state of its shutdown.
    pub fn phase(&self) -> Phase {
        self.entry.phase()
    }

    /// A whole teardown, with the service's name on its report, whose alarms are `driver`'s; within its own budget,
    /// unless a timeout is given.
    ///
    /// # Errors
    ///
    /// If anything did not stop by itself.
    pub async fn shutdown(&self, timeout: Option<Duration>, driver: &Arc<Driver>) -> Result<Report, ShutdownError> {
        let timeout = timeout.or_else(|| self.service.timeout()).unwrap_or(S::SPEC.timeout);
        let result = run::teardown(&self.entry, self.plan(), Some(timeout), driver).await;
        self.service.torn_down();
        let name = self.service.name().into_owned();
        match result {
            Ok(report) => Ok(report.named(name)),
            Err(error) => Err(error.named(name)),
        }
    }

    /// As [`shutdown`](Self::shutdown), blocking this thread.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_blocking(&self, timeout: Option<Duration>) -> Result<Report, ShutdownError> {
        let driver = Driver::blocking();
        driver::block_on(&driver, self.shutdown(timeout, &driver))
    }

    /// The last handle is gone: the reaper tears it down, and the caller never waits.
    pub fn release(self: Arc<Self>) {
        // No thread is started while the process exits. Its own drop asks it to stop.
        if self.has_ended() || exit::is_exiting() {
            return;
        }
        // Without a reaper the job is dropped, and this with it.
        let _ = reaper::submit(|driver| async move {
            // Its result is in the events; no caller is left that could get it.
            let _ = self.shutdown(None, &driver).await;
        });
    }
}

impl<S: Service> Deref for Owned<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.service
    }
}

impl<S: Service> Drop for Owned<S> {
    /// What was never shut down is asked to stop, and not waited for.
    fn drop(&mut self) {
        if !self.has_ended() {
            self.service.stop();
        }
    }
}

impl<S: Service> Node for Owned<S> {
    fn name(&self) -> String {
        let of_type = S::TYPE.rsplit("::").next().unwrap_or(S::TYPE);
        format!("{of_type} `{}`", self.service.name())
    }

    fn location(&self) -> &'static Location<'static> {
        self.entry.location
    }

    fn created(&self) -> Instant {
        self.entry.created
    }

    fn phase(&self) -> Phase {
        if self.service.is_finished() { Phase::Finished } else { self.entry.phase() }
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        (!self.has_ended()).then(|| Box::new(self) as Box<dyn Teardown + Send>)
    }

    fn owner(&self) -> Option<usize> {
        self.service.owner()
    }

    fn thread(&self) -> Option<u32> {
        self.service.thread()
    }

    fn unknown_workers(&self) -> usize {
        self.service.unknown_workers()
    }

    fn at_exit(self: Arc<Self>) -> Option<Box<dyn Any>> {
        S::at_exit(self)
    }
}

/// Within its owner's budget, and its own if its user has written one.
#[diagnostic::do_not_recommend]
impl<S: Service> Teardown for &Owned<S> {
    fn request(&mut self, progress: &mut Progress) {
        run::guarded_request(&self.entry, self.plan(), progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        if let Some(timeout) = self.service.timeout() {
            progress.bounded_by(timeout);
        }
        let owned: &'a Owned<S> = self;
        Box::pin(async move {
            let outcome = run::guarded_wait(Arc::clone(&owned.entry), owned.plan(), progress).await;
            owned.service.torn_down();
            outcome
        })
    }

    fn is_idle(&self) -> bool {
        self.has_ended()
    }

    fn force(&mut self, progress: &mut Progress) {
        run::guarded_force(&self.entry, self.plan(), progress);
    }
}
