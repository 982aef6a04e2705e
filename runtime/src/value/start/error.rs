//! The error of a start that failed half-way.

use std::error::Error;
use std::fmt;

use crate::teardown::Report;

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
    report: Box<Report>,
}

impl StartError {
    pub(super) fn new(error: impl Into<Box<dyn Error + Send + Sync>>, report: Report) -> Self {
        StartError { error: error.into(), report: Box::new(report) }
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
        *self.report
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
