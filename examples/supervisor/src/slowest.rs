//! What the whole shutdown took beyond its slowest part.

use std::io::{Write as _, stderr};

use sundown::{Exit, Report, StepReport};

/// Prints the report, and behind it the slowest part.
pub(crate) fn print(exit: &Exit) {
    let slowest = exit.report().and_then(|report| {
        let slowest = slowest(report)?;
        let (whole, part) = (report.took().as_secs_f64() * 1e3, slowest.took().as_secs_f64() * 1e3);
        Some(format!("slowest: `{}`, {part:.1} ms; the whole: {:.1} ms more", slowest.name(), whole - part))
    });
    // A closed standard error is no reason to panic.
    let _ = writeln!(stderr(), "supervisor: {exit}\n{}", slowest.unwrap_or_default());
}

fn slowest(report: &Report) -> Option<&StepReport> {
    report.walk().filter(|step| step.steps().is_empty()).max_by_key(|step| step.took())
}
