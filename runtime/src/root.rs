//! The whole process: its signals, its start, its service, the phases of its shutdown, its exit code.
//!
//! The plan of the shutdown is the value's own. The root says when it runs, within which time, and what its outcome means for
//! the process. It runs on the thread of `main`. The signals have a thread of their own (`signals.rs`), so that they are heard
//! while every other thread is busy or stuck; it ends the process where nothing else can. For the same reason the times are
//! those of std's clock, and the alarms not those of the runtime, which may have no thread left to turn its timer.

mod control;
mod exit;
mod grace;
mod manager;
mod phases;
mod signals;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::runtime::Builder;

use crate::driver::{self, Driver, catch};
use crate::observe::{self, Audience};
use crate::plan;
use crate::sync::quietly;
use crate::teardown::{Failure, Outcome, Report, ShutdownError};
use crate::value::{StartReport, Supervised, any_ended, registry};

use control::Control;
pub use control::{Lifecycle, StopReason};
pub use exit::Exit;
pub use phases::PhaseReport;
use phases::Phases;

/// Below the 30 s that Kubernetes gives a pod by default.
const GRACE: Duration = Duration::from_secs(25);

/// What a forced shutdown has: for the aborts to be confirmed, and for what closes behind them.
const FORCED: Duration = Duration::from_secs(2);

/// Runs a service from its start to the exit code of the process: [`Root::run`] with the defaults.
///
/// ```no_run
/// use sundown::{Exit, ShutdownGuard, Tasks, must_shutdown};
///
/// #[must_shutdown]
/// struct Service {
///     #[shutdown]
///     jobs: Tasks,
///     guard: ShutdownGuard<Self>,
/// }
///
/// impl Service {
///     async fn start() -> std::io::Result<Self> {
///         Ok(Service { jobs: Tasks::new(), guard: ShutdownGuard::new() })
///     }
/// }
///
/// fn main() -> Exit {
///     sundown::run(async |_| Service::start().await)
/// }
/// ```
pub fn run<V, E>(start: impl AsyncFnOnce(Lifecycle) -> Result<V, E>) -> Exit
where
    V: Supervised,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    Root::new().run(start)
}

/// What is done with the report.
type OnExit = dyn FnOnce(&Exit) + Send;

/// How a process is run: its budget, and what is done around its shutdown.
///
/// What stops the service is a signal (SIGTERM, SIGINT; on Windows Ctrl-C, Ctrl-Break, and the end of the console, of the
/// session or of the system, behind which Windows ends the process: then the grace is 3 s at most), [`Lifecycle::stop`], its
/// own `request_shutdown`, and a field that ends, fails or panics by itself, see [`any_ended`](crate::any_ended). The
/// shutdown has four phases, and one budget over all, the grace:
///
/// | phase | what happens | its share |
/// |---|---|---|
/// | not ready | [`Lifecycle::is_ready`] is false, [`on_unready`](Self::on_unready) is called; the service still serves | [`unready_for`](Self::unready_for) |
/// | stop accepting | the fields without `after` are requested | none: a request does not block |
/// | drain | they end, or are forced | what is left, but for the reserve of those behind them: of 30 s, 25 s where none of those has a `timeout` |
/// | stop | the fields with `after`, in their order | the rest |
///
/// How the plan divides its budget, [`#[must_shutdown]`](crate::must_shutdown) says.
///
/// A second signal, at any moment, forces: what is left of the plan goes on in its order, within
/// [`forced_within`](Self::forced_within). Tasks, servers and child processes are aborted at once if they were requested to
/// stop a quarter of a second before; what closes something, and what was not requested yet, has this time. A third signal
/// ends the process at once. Either way the process ends soon after its budget, also if its main thread is stuck. The report
/// goes to standard error.
///
/// That the shutdown begins, and after 1, 2, 5, 10, 20 … s what it waits for, are events. Where nobody listens to events they
/// are lines on standard error. With the feature `progress`, and where standard error is a terminal, a shutdown that takes
/// longer than 500 ms has a tree there in the place of these lines: how much time has passed and how much is left, each step
/// that is waited for and since when, and who is late in it. It is drawn on a thread of its own, and cleared before the report. It is off
/// where `NO_COLOR` or `CI` is set, where `TERM` is `dumb`, and where a tracing subscriber is installed, which may write to
/// the same terminal. What the program itself prints there meanwhile leaves a copy of the tree above it.
///
/// Not every field is watched: not one with `with`, `close`, `request` or `force`, a bare `std::thread::JoinHandle`, or what
/// is in a [`Shared`](crate::Shared) or a [`Later`](crate::Later). Such a field may fail while the service runs on.
///
/// # systemd
///
/// With the feature `systemd`, and in a process for which `NOTIFY_SOCKET` is set, systemd is notified as `sd_notify(3)` says:
/// `READY=1` when the start has ended; `STOPPING=1` when the shutdown begins, with the reason as the status, and with
/// `EXTEND_TIMEOUT_USEC=` for the whole grace, so that a short `TimeoutStopSec=` does not kill a service that drains. If the
/// unit has a watchdog, `WATCHDOG=1` at half of its time. Before the shutdown a task of the runtime answers it each time, so a
/// service whose workers are all blocked is restarted; in the shutdown it is the grace that ends what is stuck.
///
/// ```ini
/// [Service]
/// Type=notify
/// ExecStart=/usr/bin/service
/// WatchdogSec=30s
/// Restart=on-failure
/// # SIGTERM to the service alone: it stops its child processes when it is their turn.
/// KillMode=mixed
/// ```
///
/// A thread of its own sends, so a systemd that does not read holds up nothing. A socket in the abstract namespace, `@…`, is
/// not supported. On Windows the feature does nothing.
#[must_use = "a root does nothing until it runs"]
pub struct Root {
    grace: Duration,
    grace_from: Option<&'static str>,
    unready: Duration,
    on_unready: Option<Box<dyn FnOnce() + Send>>,
    forced: Duration,
    on_exit: Option<Box<OnExit>>,
    signal_codes: bool,
    dumps: bool,
    audit: bool,
}

impl Root {
    /// With a grace of 25 s.
    pub fn new() -> Self {
        Root {
            grace: GRACE,
            grace_from: None,
            unready: Duration::ZERO,
            on_unready: None,
            forced: FORCED,
            on_exit: None,
            signal_codes: false,
            dumps: false,
            audit: false,
        }
    }

    /// The budget of the whole shutdown. [`Lifecycle::set_grace`] changes it while the service runs. It takes the place
    /// of the `timeout` on the struct.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Takes the grace from an environment variable, if it is set: `25s`, `1m 30s`, `500ms`, or a number of seconds. One
    /// that is neither fails the start.
    pub fn grace_from_env(mut self, variable: &'static str) -> Self {
        self.grace_from = Some(variable);
        self
    }

    /// How long the service still serves after it has said that it is not ready, so that load balancers notice. A part of
    /// the grace; none by default. One that is not shorter than the grace is half of it, and standard error says so.
    pub fn unready_for(mut self, wait: Duration) -> Self {
        self.unready = wait;
        self
    }

    /// Called when the shutdown begins. Must not block. For async code there is [`Lifecycle::stopping`].
    pub fn on_unready(mut self, hook: impl FnOnce() + Send + 'static) -> Self {
        self.on_unready = Some(Box::new(hook));
        self
    }

    /// The time of a shutdown that a second signal forces: 2 s by default, and never more than is left of the grace.
    pub fn forced_within(mut self, time: Duration) -> Self {
        self.forced = time;
        self
    }

    /// What is done with the report, instead of printing it to standard error. Not called where the process ends without
    /// one: after a third signal, and when the budget is used up and the shutdown has not returned.
    pub fn on_exit(mut self, report: impl FnOnce(&Exit) + Send + 'static) -> Self {
        self.on_exit = Some(Box::new(report));
        self
    }

    /// A clean shutdown after a signal has the exit code 128 + signal (143 for SIGTERM), as a shell says it of a process
    /// that the signal has killed, and not 0.
    pub fn signal_exit_codes(mut self) -> Self {
        self.signal_codes = true;
        self
    }

    /// On SIGUSR1, while this root runs, prints to standard error what is alive: the table of [`registry::snapshot`], with how
    /// long each value and handle has lived, where it was made, and how many tasks run in it. The service goes on. A thread
    /// of its own prints, also while all others are stuck; signals that come meanwhile count as one. The program handles
    /// no SIGUSR1 of its own then: tokio's handler stays for the rest of the process.
    ///
    /// Without this the signal ends the process, as POSIX has it. Elsewhere than on Unix it does nothing.
    pub fn dump_on_sigusr1(mut self) -> Self {
        self.dumps = true;
        self
    }

    /// Looks what is still alive after the shutdown, and makes it a section of the report: threads and child processes, whose
    /// they are, and what sundown does not track. See [`registry::audit`](crate::registry::audit) for what it costs.
    pub fn audit(mut self) -> Self {
        self.audit = true;
        self
    }

    /// Runs what `start` returns on a new multi-thread runtime, until it has stopped. Blocks the thread, which should be
    /// that of `main`.
    ///
    /// `start` is dropped if the service is to stop before it has started. What it has made by then, and what a start that
    /// fails has, is stopped as its drop says, and waited for. So is all else in the process that sundown knows of, also what
    /// was made before the call: the process is to end.
    ///
    /// # Panics
    ///
    /// In an async context. There it is [`run_async`](Self::run_async).
    pub fn run<V, E>(self, start: impl AsyncFnOnce(Lifecycle) -> Result<V, E>) -> Exit
    where
        V: Supervised,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        // An audit knows the threads by that name.
        let runtime = match Builder::new_multi_thread().enable_all().thread_name("sundown-run").build() {
            Ok(runtime) => runtime,
            Err(error) => return self.not_started(&error),
        };
        let exit = runtime.block_on(self.run_async(start));
        // The report has named what could not be stopped; the exit does not wait for it once more.
        runtime.shutdown_background();
        exit
    }

    /// As [`run`](Self::run), in the runtime around the caller: for `#[tokio::main]`, and a runtime of one's own. A start
    /// that does not come to its end stops everything in the process that sundown knows of.
    ///
    /// A `#[tokio::main]` waits for blocking threads when its runtime is dropped, also for one that was abandoned.
    ///
    /// # Cancel safety
    ///
    /// Not to be dropped: the service would be dropped without a shutdown.
    pub async fn run_async<V, E>(mut self, start: impl AsyncFnOnce(Lifecycle) -> Result<V, E>) -> Exit
    where
        V: Supervised,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let grace = match self.grace_from.map_or(Ok(None), grace::from_env) {
            Ok(grace) => grace.unwrap_or(self.grace),
            Err(error) => return self.not_started(&error),
        };
        let control = Arc::new(Control::new(grace, self.dumps));
        let listening = match signals::listen(&control) {
            Ok(listening) => listening,
            Err(error) => return self.not_started(&error),
        };
        let lifecycle = Lifecycle::new(&control);
        let failed = StartReport::default();
        let started = {
            let mut starting = Box::pin(catch(failed.noted_in(async { start(lifecycle).await })));
            let started = match select(starting.as_mut(), pin!(control.stop_requested())).await {
                Either::Left((started, _)) => Ok(started),
                Either::Right((reason, _)) => Err(reason),
            };
            // What it has made by then is the user's, and so is its drop.
            quietly(|| drop(starting));
            started
        };
        let exit = match started {
            Ok(Ok(Ok(value))) => self.serve(value, &control).await,
            Ok(Ok(Err(error))) => self.sweep(StopReason::StartFailed(Failure::new(error)), &failed, &control).await,
            Ok(Err(payload)) => {
                self.sweep(StopReason::StartPanicked(Outcome::caught(payload)), &failed, &control).await
            }
            Err(reason) => self.sweep(reason, &failed, &control).await,
        };
        control.manager().end(&exit);
        listening.end(exit.code());
        exit
    }

    /// From the end of the start to the end of the service.
    async fn serve<V: Supervised>(&mut self, mut value: V, control: &Control) -> Exit {
        control.started();
        let reason = supervise(&mut value, control).await;
        let mut phases = self.begin(&reason, control).await;
        phases.divide(|left| plan::drain_share(value.spec(), left));
        let result = self.escalate(control, &phases, async |time, driver| value.shut_down_by(time, driver).await).await;
        let report = result.unwrap_or_else(ShutdownError::into_report);
        let phases = phases.end(value.spec(), &report);
        let exit = self.exit(reason, Some(report), phases, control);
        // What its drop does is under the eye of the signals' thread too.
        if let Err(payload) = catch(async { drop(value) }).await {
            observe::complain(&format!("the service was dropped: {}", Outcome::caught(payload)));
        }
        exit
    }

    /// Stops what is left of a start that did not come to its end.
    async fn sweep(&mut self, reason: StopReason, failed: &StartReport, control: &Control) -> Exit {
        let phases = self.begin(&reason, control).await;
        let result = self.escalate(control, &phases, registry::shutdown_all_by).await;
        let left = result.unwrap_or_else(ShutdownError::into_report);
        // A start that has shut down what it had made says what became of it.
        let shut_down = match &reason {
            StopReason::StartFailed(failure) => failed.of(failure.error()),
            _ => None,
        };
        let report = shut_down.or_else(|| (self.audit || !left.steps().is_empty()).then_some(left));
        self.exit(reason, report, Vec::new(), control)
    }

    /// The phase in which the service is not ready.
    async fn begin(&mut self, reason: &StopReason, control: &Control) -> Phases {
        let grace = control.grace();
        let mut phases = Phases::begin(grace);
        control.limit(phases.deadline());
        observe::shutting_down(None, &reason.to_string(), grace, Audience::Root);
        control.manager().stopping(reason, phases.left());
        let was_ready = control.stops();
        if let Some(hook) = self.on_unready.take()
            && let Err(payload) = catch(async { hook() }).await
        {
            observe::complain(&format!("`on_unready`: {}", Outcome::caught(payload)));
        }
        if was_ready && !self.unready.is_zero() {
            let until = phases.unready(self.unready);
            // A service that has failed has nothing left to serve.
            if !reason.is_failure() {
                let driver = Driver::asynchronous_without_tokio();
                driver::run(&driver, driver.until(until, control.forced())).await;
            }
            phases.unready_ended();
        }
        phases
    }

    /// A shutdown that goes on in less time when it is forced. Its alarms ring also while every thread of the runtime is
    /// blocked.
    async fn escalate(
        &self,
        control: &Control,
        phases: &Phases,
        mut shut_down: impl AsyncFnMut(Duration, Arc<Driver>) -> Result<Report, ShutdownError>,
    ) -> Result<Report, ShutdownError> {
        if !control.is_forced() {
            let driver = Driver::asynchronous_without_tokio();
            if let Some(result) = unless(control.forced(), shut_down(phases.left(), driver)).await {
                return result;
            }
        }
        // Dropped half-way, it goes on where it was.
        observe::forcing(self.forced.min(phases.left()));
        shut_down(self.forced.min(phases.left()), Driver::hurrying()).await
    }

    fn exit(
        &mut self,
        reason: StopReason,
        report: Option<Report>,
        phases: Vec<PhaseReport>,
        control: &Control,
    ) -> Exit {
        let report = report.map(|report| if self.audit { report.with_audit(registry::audit()) } else { report });
        self.print(Exit::new(reason, report, phases, control.is_forced(), self.signal_codes))
    }

    fn not_started(mut self, error: &io::Error) -> Exit {
        let reason = StopReason::StartFailed(Failure::new(error.to_string()));
        self.print(Exit::new(reason, None, Vec::new(), false, false))
    }

    fn print(&mut self, exit: Exit) -> Exit {
        match self.on_exit.take() {
            Some(on_exit) => quietly(|| on_exit(&exit)),
            None => observe::print_exit(&exit.to_string()),
        }
        exit
    }
}

impl Default for Root {
    fn default() -> Self {
        Root::new()
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root")
            .field("grace", &self.grace)
            .field("grace_from", &self.grace_from)
            .field("unready", &self.unready)
            .field("forced", &self.forced)
            .finish_non_exhaustive()
    }
}

/// Until something stops the service.
async fn supervise<V: Supervised>(value: &mut V, control: &Control) -> StopReason {
    let entry = value.guard_entry();
    let token = entry.stop_token();
    loop {
        let ended = async {
            match any_ended(value).await {
                Some(ended) => ended,
                None => std::future::pending().await,
            }
        };
        let stops = async {
            match select(pin!(control.stop_requested()), pin!(token.cancelled())).await {
                Either::Left((reason, _)) => reason,
                Either::Right(_) => StopReason::Requested("`request_shutdown`".to_owned()),
            }
        };
        let mut ended = Box::pin(ended);
        let first = match select(pin!(stops), ended.as_mut()).await {
            Either::Left((reason, _)) => Err(reason),
            Either::Right((ended, _)) => Ok(ended),
        };
        // What is dropped half-way is the user's, too.
        quietly(|| drop(ended));
        match first {
            Err(reason) => return reason,
            Ok(ended) => {
                observe::ended_early(&ended);
                if ended.stops_all() {
                    return StopReason::Ended(ended);
                }
            }
        }
    }
}

/// The output of `future`, unless `event` comes before.
async fn unless<T>(event: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    let output = match select(future.as_mut(), pin!(event)).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    };
    // Waits of the user's are dropped with it.
    quietly(|| drop(future));
    output
}
