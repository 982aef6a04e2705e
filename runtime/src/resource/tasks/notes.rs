//! The panics and the errors of a group's tasks: how many there were, and what the first and the last of them said.

use std::fmt::Write as _;

/// The number of messages that are kept; beyond them the tasks are counted alone.
const KEPT: usize = 16;

/// Those before the group was asked to stop, and those since.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) earlier: Notes,
    pub(super) stopping: Notes,
}

impl Noted {
    pub(super) fn note(&mut self, is_stopping: bool, task: String) {
        let notes = if is_stopping { &mut self.stopping } else { &mut self.earlier };
        notes.note(task);
    }
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    count: usize,
    first: Vec<String>,
    last: String,
}

impl Notes {
    /// Notes one, such as "`import` (src/jobs.rs:12:9): boom".
    fn note(&mut self, task: String) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(task);
        } else {
            self.last = task;
        }
    }

    /// "2 tasks panicked earlier, the last: `import` (src/jobs.rs:12:9): boom"
    pub(super) fn summary(&self, what: &str) -> Option<String> {
        let last = if self.last.is_empty() { self.first.last()? } else { &self.last };
        Some(match self.count {
            1 => format!("a task {what} earlier: {last}"),
            count => format!("{count} tasks {what} earlier, the last: {last}"),
        })
    }

    /// All that is known of them.
    pub(super) fn message(&self, what: &str) -> Option<String> {
        if self.count == 0 {
            return None;
        }
        let mut text = self.first.join("; ");
        if self.count > self.first.len() {
            let _ = write!(text, "; and {} more tasks {what}", self.count - self.first.len());
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_messages_are_kept_and_the_rest_counted() {
        let mut notes = Notes::default();
        assert_eq!((notes.summary("failed"), notes.message("failed")), (None, None));
        notes.note("0".to_owned());
        assert_eq!(notes.summary("panicked").unwrap(), "a task panicked earlier: 0");
        (1..20).for_each(|i| notes.note(i.to_string()));
        assert_eq!(notes.summary("failed").unwrap(), "20 tasks failed earlier, the last: 19");
        let message = notes.message("panicked").unwrap();
        assert!(message.starts_with("0; 1; 2;") && message.ends_with("; 15; and 4 more tasks panicked"), "{message}");
    }
}
