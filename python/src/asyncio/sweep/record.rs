//! What Python tells of a sweep, as a report.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use sundown::{Failure, Outcome, Progress, Report};

use crate::internal::observe;
use crate::internal::plan;
use crate::internal::sync::lock;
use crate::interpreter::exceptions::shutdown_error;
use crate::interpreter::{closing, gate};

/// Filled once, at the end of a sweep. Its methods are leaves.
#[pyclass(frozen, name = "_SweepRecord", module = "sundown")]
#[derive(Default)]
pub(super) struct Record(Mutex<Option<Report>>);

/// Its name, when it was requested, how long it took, details, its parts. Times are seconds since the sweep began.
type Layer<'py> = (String, Option<f64>, f64, Vec<String>, Vec<Part<'py>>);

/// Its name, the word for its outcome, a reason, an exception, a detail, how long it took.
type Part<'py> = (String, String, Option<String>, Option<Bound<'py, PyAny>>, Option<String>, f64);

#[pymethods]
impl Record {
    /// Makes the report of a sweep, and the event of it.
    fn finish(&self, py: Python<'_>, limit: f64, took: f64, layers: Vec<Layer<'_>>) -> PyResult<()> {
        let _pass = gate::enter().ok_or_else(|| closing::refuse("sweep"))?;
        let now = Instant::now();
        let start = now.checked_sub(seconds(took)).unwrap_or(now);
        let mut progress = Progress::new("sweep");
        progress.requested = Some(start);
        progress.children = layers.into_iter().map(|layer| step(layer, start)).collect();
        progress.finish(plan::worst(&progress), now);
        let report = Report::of(&progress, None, Some(seconds(limit)), now);
        py.detach(|| observe::finished(&report));
        *lock(&self.0) = Some(report);
        Ok(())
    }

    /// The report as text.
    ///
    /// # Errors
    ///
    /// The exception of a report that is not clean.
    fn text(&self) -> PyResult<String> {
        match self.report()?.into_result() {
            Ok(report) => Ok(report.to_string()),
            Err(error) => Err(shutdown_error(&error)),
        }
    }
}

impl Record {
    /// The report. An error if the interpreter's exit came in between.
    pub(super) fn report(&self) -> PyResult<Report> {
        lock(&self.0).clone().ok_or_else(|| closing::refuse("sweep"))
    }
}

fn step((name, requested, took, details, parts): Layer<'_>, start: Instant) -> Progress {
    let requested = start + seconds(requested.unwrap_or_default());
    let mut progress = Progress::new(format!("sweep.{name}"));
    progress.requested = Some(requested);
    details.into_iter().for_each(|detail| progress.detail(detail));
    progress.children = parts.into_iter().map(|part| part_of(&name, part, requested)).collect();
    let outcome = plan::worst(&progress);
    progress.finish(outcome, requested + seconds(took));
    progress
}

fn part_of(layer: &str, (name, outcome, reason, error, detail, took): Part<'_>, requested: Instant) -> Progress {
    let mut progress = Progress::new(format!("sweep.{layer}[{name:?}]"));
    progress.requested = Some(requested);
    detail.into_iter().for_each(|detail| progress.detail(detail));
    let outcome = match (&*outcome, error) {
        ("stopped", _) => Outcome::Stopped,
        ("forced", _) => Outcome::Forced,
        (_, Some(error)) => Outcome::Failed(Failure::new(PyErr::from_value(error))),
        (_, None) => Outcome::abandoned(reason.unwrap_or_default()),
    };
    progress.finish(outcome, requested + seconds(took));
    progress
}

/// What is no time, or too long a one, is none.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
