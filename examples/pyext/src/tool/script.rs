//! A script: a command a line, each with the words that it is called with.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use sundown_python::EventLoop;

use super::commands::{Command, Commands};

/// A script, its commands found.
pub(super) struct Script {
    lines: Vec<Line>,
}

struct Line {
    command: Command,
    words: Vec<String>,
}

impl Script {
    /// Empty lines are left out, and so is what follows a `#`.
    pub(super) fn parse(text: &str, commands: &Commands) -> PyResult<Self> {
        let mut lines = Vec::new();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            if let Some(name) = words.next() {
                lines.push(Line { command: commands.get(name)?, words: words.map(str::to_owned).collect() });
            }
        }
        Ok(Script { lines })
    }

    /// Runs the commands one after another, and returns what they print.
    pub(super) async fn run(self, event_loop: EventLoop) -> PyResult<String> {
        let mut printed = String::new();
        for Line { command, words } in self.lines {
            // Extracted on the loop's thread: nothing here has to be attached to Python.
            let line: Option<String> = event_loop.run_into(command, Words(words)).await?;
            if let Some(line) = line {
                printed += &line;
                printed.push('\n');
            }
        }
        Ok(printed)
    }
}

/// The arguments of a call: as many as there are words.
struct Words(Vec<String>);

impl<'py> IntoPyObject<'py> for Words {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0)
    }
}
