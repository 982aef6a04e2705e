//! Tasks, for a report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tokio::task::Id;

use super::{TaskInfo, trace};

/// The number of different tasks that are named; the others are counted.
const NAMED: usize = 10;

/// The number of different ones that are told apart: a group may lose tasks as long as it lives.
const KEPT: usize = 1_000;

/// The number of ids that are said of those that are alike.
const IDS: usize = 3;

/// Tasks by name and place, with how many there are of each.
#[derive(Debug, Default)]
pub(super) struct Tally {
    named: BTreeMap<TaskInfo, Alike>,
    /// Those of other names.
    more: usize,
}

/// Tasks of one name and place.
#[derive(Debug, Default)]
struct Alike {
    count: usize,
    /// Of the first ones, where they are known.
    ids: Vec<Id>,
}

impl Alike {
    /// ", tasks 7, 8, 9, …"
    fn ids(&self) -> String {
        let mut text = String::new();
        for (i, id) in self.ids.iter().enumerate() {
            let before = match (i, self.count) {
                (0, 1) => ", task ",
                (0, _) => ", tasks ",
                _ => ", ",
            };
            let _ = write!(text, "{before}{id}");
            if let Some(place) = trace::place(*id) {
                let _ = write!(text, " at {place}");
            }
        }
        if !self.ids.is_empty() && self.count > self.ids.len() {
            text.push_str(", …");
        }
        text
    }
}

impl Tally {
    pub(super) fn add(&mut self, task: TaskInfo) {
        self.add_with(task, None);
    }

    pub(super) fn add_with(&mut self, task: TaskInfo, id: Option<Id>) {
        if self.named.len() < KEPT || self.named.contains_key(&task) {
            let alike = self.named.entry(task).or_default();
            alike.count += 1;
            alike.ids.extend(id.filter(|_| alike.ids.len() < IDS));
        } else {
            self.more += 1;
        }
    }

    /// "`a` (src/jobs.rs:12:9), 3 of `b` (src/jobs.rs:20:9), and 90 more"; with ids, "`a` (src/jobs.rs:12:9), task 7".
    pub(super) fn names(&self) -> Option<String> {
        let mut text = String::new();
        for (task, alike) in self.named.iter().take(NAMED) {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = match alike.count {
                1 => write!(text, "{comma}{task}"),
                count => write!(text, "{comma}{count} of {task}"),
            };
            text.push_str(&alike.ids());
        }
        let more = self.more + self.named.values().skip(NAMED).map(|alike| alike.count).sum::<usize>();
        if more > 0 {
            let _ = write!(text, ", and {more} more");
        }
        (!text.is_empty()).then_some(text)
    }
}
