//! What the root, the service and the signals' thread know of each other.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::manager::ServiceManager;
use crate::driver::FOREVER;
use crate::sync::lock;
use crate::teardown::{Ended, Failure, Outcome};

/// What the signals' thread waits after the budget, before it ends a process that does not return.
const PATIENCE: Duration = Duration::from_secs(1);

/// What has come, and asks the process to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    pub(super) name: &'static str,
    pub(super) number: u8,
    /// What the system gives the process, where it ends it behind that.
    pub(super) within: Option<Duration>,
}

/// For the signals' thread: a limit of a root is another one.
pub(super) static CHANGED: Notify = Notify::const_new();

/// A root has a limit, or another one, or none any more.
pub(super) fn limit_changed() {
    CHANGED.notify_one();
}

/// A clonable handle of the process that a [`Root`](crate::Root) runs: what the start of the service gets.
#[derive(Clone)]
pub struct Lifecycle {
    control: Arc<Control>,
}

/// Why the service was stopped.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// By a signal.
    #[non_exhaustive]
    Signal {
        /// `SIGTERM`, `SIGINT`; on Windows `Ctrl-C` and the like.
        name: &'static str,
        /// Its number.
        number: u8,
    },
    /// By [`Lifecycle::stop`], or by the value's own `request_shutdown`.
    Requested(String),
    /// By the end of a field.
    Ended(Ended),
    /// It could not be started.
    StartFailed(Failure),
    /// Its start has panicked.
    StartPanicked(Outcome),
}

impl StopReason {
    /// Whether the process has failed with it.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            StopReason::Signal { .. } | StopReason::Requested(_) => false,
            StopReason::Ended(ended) => ended.fails_all(),
            StopReason::StartFailed(_) | StopReason::StartPanicked(_) => true,
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Signal { name, .. } => f.write_str(name),
            StopReason::Requested(reason) => f.write_str(reason),
            StopReason::Ended(ended) => ended.fmt(f),
            StopReason::StartFailed(failure) => write!(f, "the start failed: {failure}"),
            StopReason::StartPanicked(outcome) => write!(f, "the start {outcome}"),
        }
    }
}

impl Lifecycle {
    pub(super) fn new(control: &Arc<Control>) -> Self {
        Lifecycle { control: Arc::clone(control) }
    }

    /// Whether the service is up: from the end of the start to the beginning of the shutdown. For a readiness probe.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self.control.ready.borrow()
    }

    /// Stops the service, as a signal does. The first reason counts. Does not wait.
    pub fn stop(&self, reason: impl Into<String>) {
        self.control.request(StopReason::Requested(reason.into()));
    }

    /// Forces, as a second signal does.
    pub fn force(&self) {
        self.control.request(StopReason::Requested("forced".to_owned()));
        self.control.forced.cancel();
    }

    /// A token that is cancelled when the shutdown begins, while the service still serves.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.control.stopping.clone()
    }

    /// Another grace, for a shutdown that has not begun.
    pub fn set_grace(&self, grace: Duration) {
        lock(&self.control.state).grace = grace;
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle")
            .field("ready", &self.is_ready())
            .field("stopping", &self.control.stopping.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// One root that runs.
pub(super) struct Control {
    state: Mutex<State>,
    requested: watch::Sender<Option<StopReason>>,
    ready: watch::Sender<bool>,
    stopping: CancellationToken,
    forced: CancellationToken,
    manager: ServiceManager,
    /// Whether SIGUSR1 has what is alive printed.
    dumps: bool,
}

struct State {
    grace: Duration,
    /// How many signals there were.
    signals: u32,
    /// By when the process is to have ended.
    limit: Option<Instant>,
}

impl Control {
    pub(super) fn new(grace: Duration, dumps: bool) -> Self {
        Control {
            state: Mutex::new(State { grace, signals: 0, limit: None }),
            requested: watch::Sender::new(None),
            ready: watch::Sender::new(false),
            stopping: CancellationToken::new(),
            forced: CancellationToken::new(),
            manager: ServiceManager::connect(),
            dumps,
        }
    }

    pub(super) fn dumps(&self) -> bool {
        self.dumps
    }

    pub(super) fn grace(&self) -> Duration {
        lock(&self.state).grace
    }

    /// By when the shutdown is to have ended.
    pub(super) fn limit(&self, deadline: Instant) {
        lock(&self.state).limit = Some(deadline + PATIENCE);
        limit_changed();
    }

    pub(super) fn limited_to(&self) -> Option<Instant> {
        lock(&self.state).limit
    }

    /// The service is up.
    pub(super) fn started(&self) {
        self.ready.send_replace(true);
        self.manager.ready();
    }

    pub(super) fn manager(&self) -> &ServiceManager {
        &self.manager
    }

    /// The shutdown begins. Whether the service was up.
    pub(super) fn stops(&self) -> bool {
        let was_ready = self.ready.send_replace(false);
        self.stopping.cancel();
        was_ready
    }

    /// The first reason counts. The budget begins now at the latest: the thread that begins the shutdown may be stuck, and
    /// then nothing but the signals' thread ends the process.
    fn request(&self, reason: StopReason) {
        {
            let mut state = lock(&self.state);
            let grace = state.grace.min(FOREVER);
            state.limit.get_or_insert_with(|| Instant::now() + grace + PATIENCE);
        }
        limit_changed();
        self.requested.send_if_modified(|requested| {
            let is_first = requested.is_none();
            if is_first {
                *requested = Some(reason);
            }
            is_first
        });
    }

    /// A signal has come. Whether it is time to give up.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        let Signal { name, number, within } = signal;
        let (signals, is_short) = {
            let mut state = lock(&self.state);
            state.signals += 1;
            // For a shutdown that has not begun; one that has would take longer.
            state.grace = within.map_or(state.grace, |within| within.min(state.grace));
            (state.signals, within.is_some() && state.limit.is_some())
        };
        self.request(StopReason::Signal { name, number });
        if signals > 1 || is_short {
            self.forced.cancel();
        }
        signals > 2
    }

    /// The reason, as soon as there is one.
    pub(super) async fn stop_requested(&self) -> StopReason {
        let mut requested = self.requested.subscribe();
        let reason = requested.wait_for(Option::is_some).await.map(|reason| reason.clone());
        match reason {
            Ok(Some(reason)) => reason,
            _ => std::future::pending().await, // the sender is here
        }
    }

    pub(super) async fn forced(&self) {
        self.forced.cancelled().await;
    }

    pub(super) fn is_forced(&self) -> bool {
        self.forced.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSE: Signal = Signal { name: "close", number: 15, within: Some(Duration::from_secs(3)) };
    const TERM: Signal = Signal { name: "SIGTERM", number: 15, within: None };

    fn control() -> Control {
        Control::new(Duration::from_secs(25), false)
    }

    /// Windows ends the process some seconds after the console, whatever the grace is.
    #[test]
    fn a_signal_that_leaves_little_time_shortens_the_grace() {
        let control = control();
        assert!(!control.signal(CLOSE));
        assert_eq!((control.grace(), control.is_forced()), (Duration::from_secs(3), false));
        assert!(control.limited_to().unwrap() <= Instant::now() + Duration::from_secs(4));
        let control = self::control();
        control.signal(TERM);
        assert_eq!((control.grace(), control.is_forced()), (Duration::from_secs(25), false));
    }

    #[test]
    fn it_forces_a_shutdown_that_has_begun() {
        let control = control();
        control.request(StopReason::Requested("by hand".to_owned()));
        assert!(!control.signal(CLOSE));
        assert!(control.is_forced());
    }
}
