//! Steps that are announced, timed and summed up in a table.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps of one command so far. A failing step does not stop the others.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
}

struct Done {
    name: String,
    took: Duration,
    note: String,
    ok: bool,
}

impl Steps {
    /// Runs a step, whose note goes into the table.
    pub(crate) fn run(&mut self, name: impl Into<String>, step: impl FnOnce() -> Result<String>) {
        let name = name.into();
        println!("\n=== {name}");
        let start = Instant::now();
        let result = step();
        let took = start.elapsed();
        let (note, ok) = match result {
            Ok(note) => (note, true),
            Err(error) => {
                eprintln!("error: {error:#}");
                (first_line(&error), false)
            }
        };
        self.done.push(Done { name, took, note, ok });
    }

    pub(crate) fn passed(&self) -> usize {
        self.done.iter().filter(|done| done.ok).count()
    }

    /// Prints the table.
    ///
    /// # Errors
    ///
    /// If a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        let width = self.done.iter().map(|done| done.name.len()).max().unwrap_or(0);
        println!();
        for Done { name, took, note, ok } in &self.done {
            let result = if *ok { "ok" } else { "FAILED" };
            println!("{name:width$}  {:>7.1} s  {result:6}  {note}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|done| done.took).sum();
        println!("{:width$}  {:>7.1} s", "total", total.as_secs_f64());
        let failed: Vec<_> = self.done.iter().filter(|done| !done.ok).map(|done| done.name.as_str()).collect();
        if failed.is_empty() {
            return Ok(());
        }
        bail!("{} of {} steps failed: {}", failed.len(), self.done.len(), failed.join(", "))
    }
}

fn first_line(error: &anyhow::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
