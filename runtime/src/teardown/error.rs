//! The error of a shutdown that was not clean.

#[cfg(feature = "tokio")]
use std::borrow::Cow;
use std::fmt;

use crate::driver::Name;
use crate::teardown::Report;

/// A shutdown in which not every step stopped by itself.
///
/// `Display` names each such step in one line; [`report`](Self::report) has the rest.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", Summary(.report))]
pub struct ShutdownError {
    report: Box<Report>,
}

impl ShutdownError {
    /// What became of every step.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The report itself.
    pub fn into_report(self) -> Report {
        *self.report
    }

    /// [`Report::moved`].
    pub(crate) fn moved(mut self, to: &Name) -> Self {
        *self.report = self.report.moved(to);
        self
    }

    /// With another name for the whole.
    #[cfg(feature = "tokio")]
    pub(crate) fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        *self.report = self.report.named(name);
        self
    }
}

impl Report {
    /// `Ok` if every step stopped by itself, else the error.
    pub fn into_result(self) -> Result<Report, ShutdownError> {
        if self.is_clean() { Ok(self) } else { Err(ShutdownError { report: Box::new(self) }) }
    }
}

struct Summary<'a>(&'a Report);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` did not shut down cleanly: ", self.0.name())?;
        for (i, step) in self.0.unclean().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "`{}` {}", step.name(), step.outcome().to_string().replace('\n', " "))?;
            if let Some(detail) = step.detail() {
                write!(f, " ({})", detail.replace('\n', " "))?;
            }
        }
        Ok(())
    }
}
