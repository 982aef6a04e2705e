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
    error: Option<String>,
}

impl Steps {
    /// Runs a step, whose note goes into the table.
    pub(crate) fn run(&mut self, name: impl Into<String>, step: impl FnOnce() -> Result<String>) {
        let name = name.into();
        println!("\n=== {name}");
        let start = Instant::now();
        let result = step();
        let took = start.elapsed();
        let (note, error) = match result {
            Ok(note) => (note, None),
            Err(error) => {
                let error = format!("{error:#}");
                eprintln!("error: {error}");
                (error.lines().next().unwrap_or_default().to_owned(), Some(error))
            }
        };
        self.done.push(Done { name, took, note, error });
    }

    pub(crate) fn passed(&self) -> usize {
        self.done.iter().filter(|done| done.error.is_none()).count()
    }

    /// Prints the table, and behind it once more what is known of the steps that failed: a log may be cut at its start.
    ///
    /// # Errors
    ///
    /// If a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        let width = self.done.iter().map(|done| done.name.len()).max().unwrap_or(0);
        println!();
        for Done { name, took, note, error } in &self.done {
            let result = if error.is_none() { "ok" } else { "FAILED" };
            println!("{name:width$}  {:>7.1} s  {result:6}  {note}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|done| done.took).sum();
        println!("{:width$}  {:>7.1} s", "total", total.as_secs_f64());
        let errors = self.done.iter().filter_map(|done| Some((done.name.as_str(), done.error.as_ref()?)));
        let failed: Vec<&str> = errors
            .map(|(name, error)| {
                println!("\n--- {name}\n{error}");
                name
            })
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        bail!("{} of {} steps failed: {}", failed.len(), self.done.len(), failed.join(", "))
    }
}
