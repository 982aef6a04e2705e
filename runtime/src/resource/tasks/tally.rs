//! Tasks, for a report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::TaskInfo;

/// The number of different tasks that are named; the others are counted.
const NAMED: usize = 10;

/// The number of different ones that are told apart: a group may lose tasks as long as it lives.
const KEPT: usize = 1_000;

/// Tasks by name and place, with how many there are of each.
#[derive(Debug, Default)]
pub(super) struct Tally {
    named: BTreeMap<TaskInfo, usize>,
    /// Those of other names.
    more: usize,
}

impl Tally {
    pub(super) fn add(&mut self, task: TaskInfo) {
        if self.named.len() < KEPT || self.named.contains_key(&task) {
            *self.named.entry(task).or_default() += 1;
        } else {
            self.more += 1;
        }
    }

    /// "`a` (src/jobs.rs:12:9), 3 of `b` (src/jobs.rs:20:9), and 90 more"
    pub(super) fn names(&self) -> Option<String> {
        let mut text = String::new();
        for (task, count) in self.named.iter().take(NAMED) {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = match count {
                1 => write!(text, "{comma}{task}"),
                _ => write!(text, "{comma}{count} of {task}"),
            };
        }
        let more = self.more + self.named.values().skip(NAMED).sum::<usize>();
        if more > 0 {
            let _ = write!(text, ", and {more} more");
        }
        (!text.is_empty()).then_some(text)
    }
}
