//! The error of a start that failed half-way.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "run")]
use std::{
    future::Future,
    sync::{Mutex, Weak},
};

#[cfg(feature = "run")]
use crate::sync::lock;
use crate::teardown::Report;
#[cfg(feature = "run")]
use crate::teardown::outcome::sources;

/// The error of a start that failed half-way, with the report of the shutdown of what it had started.
///
/// It reads as the error that it was: `Display` and [`source`](Error::source) are those of [`error`](Self::error), so that
/// `?` into `anyhow::Error`, `Box<dyn Error>` or a `#[from]` of `thiserror` says what it would say without it. `Debug`,
/// which a `main` that returns it prints, adds the report.
///
/// ```
/// use sundown::{ShutdownGuard, StartError, Tasks, must_shutdown};
///
/// #[must_shutdown(starting)]
/// struct Runner {
///     #[shutdown]
///     jobs: Tasks,
///     #[shutdown(after = jobs, with = async |_| ())]
///     port: u16,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let started: Result<Runner, StartError> = Runner::starting_with(async |start| {
///     let start = start.jobs(Tasks::new());
///     let start = start.port("none".parse()?);
///     Ok::<_, std::num::ParseIntError>(start.finish())
/// })
/// .await;
/// let error = started.err().unwrap();
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert!(error.error().is::<std::num::ParseIntError>());
/// assert!(error.report().find("Runner.jobs").unwrap().outcome().is_stopped());
/// # }
/// ```
pub struct StartError {
    error: Box<dyn Error + Send + Sync>,
    /// Shared with [`StartReport`].
    report: Arc<Report>,
}

impl StartError {
    pub(super) fn new(error: impl Into<Box<dyn Error + Send + Sync>>, report: Report) -> Self {
        let report = Arc::new(report);
        #[cfg(feature = "run")]
        StartReport::note(&report);
        StartError { error: error.into(), report }
    }

    /// The error of the start.
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.error
    }

    /// The error of the start itself.
    pub fn into_error(self) -> Box<dyn Error + Send + Sync> {
        self.error
    }

    /// What became of every field that was set. One that was not has stopped, and its detail says so.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The report itself.
    pub fn into_report(self) -> Report {
        Arc::unwrap_or_clone(self.report)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}\n\nwhat had been started was shut down:\n{}", self.error, self.report)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Where the root finds the report of the [`StartError`] that its start has returned. That may be inside an error that does
/// not show it, as an `anyhow::Error` that was made a `Box<dyn Error>`. One that was dropped is not the start's.
#[cfg(feature = "run")]
#[derive(Clone, Default)]
pub(crate) struct StartReport(Arc<Mutex<Weak<Report>>>);

#[cfg(feature = "run")]
tokio::task_local! {
    static NOTED: StartReport;
}

#[cfg(feature = "run")]
impl StartReport {
    /// The start, whose errors are noted here.
    pub(crate) fn noted_in<F: Future>(&self, start: F) -> impl Future<Output = F::Output> + use<F> {
        NOTED.scope(self.clone(), start)
    }

    fn note(report: &Arc<Report>) {
        // Outside the start of a root there is nobody to find it.
        let _ = NOTED.try_with(|StartReport(noted)| *lock(noted) = Arc::downgrade(report));
    }

    /// What became of what the start had made that failed with `error`.
    pub(crate) fn of(&self, error: &(dyn Error + 'static)) -> Option<Report> {
        let shown = sources(error).find_map(|error| error.downcast_ref::<StartError>()).map(StartError::report);
        shown.cloned().or_else(|| lock(&self.0).upgrade().map(Arc::unwrap_or_clone))
    }
}
