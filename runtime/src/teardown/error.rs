//! The error of a shutdown that was not clean.

#[cfg(feature = "tokio")]
use std::borrow::Cow;
use std::fmt;

use crate::driver::Name;
use crate::teardown::Report;

/// A shutdown in which not every step stopped by itself.
///
/// `Display` names each such step in one line; [`report`](Self::report) has the rest. `Debug`, which a `main` that returns it
/// prints, adds the report as a tree; `{:#?}` is for the fields.
///
/// ```text
/// Error: `Runner` did not shut down cleanly: `Runner.jobs` forced (aborted `import` (src/jobs.rs:12:9))
///
/// Runner forced after 2.0 s (limit 5.0 s), created at src/main.rs:31:16
/// |- Runner.jobs    forced      2.0 s   aborted `import` (src/jobs.rs:12:9)
/// `- Runner.db      stopped     3.2 ms  requested at 2.0 s
/// ```
#[derive(Clone, thiserror::Error)]
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

impl fmt::Debug for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.debug_struct("ShutdownError").field("report", &self.report).finish();
        }
        write!(f, "{self}\n\n{}", self.report)
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
