//! How a group of tasks is asked, waited for and forced.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use super::ledger::{Key, Waiting};
use super::{Empty, Group, TaskInfo, Tasks, tracked};
use crate::by_ref::teardown_by_ref;
use crate::registry::{Kind, Reach, Row};
use crate::sync::lock;
use crate::{Memo, Outcome, Phase, Teardown, Wait};

/// So many different tasks are named; the others are counted.
const NAMED: usize = 10;

/// Asked by closing the group and cancelling its token; forced by aborting its tasks. A task that shuts down its own group
/// is not waited for and not aborted, but reported: it runs on.
impl Teardown for &Tasks {
    fn request(&mut self, _memo: &mut Memo) {
        self.close();
        self.group.token.cancel();
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        self.group.owner.waits(memo);
        Box::pin(async move {
            let own = tracked::current(&self.group);
            Empty { group: &self.group, waiting: Waiting::except(own) }.await;
            outcome(&self.group, own, memo)
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        let (mut aborted, mut blocking) = (Tally::default(), Tally::default());
        for (task, abort) in self.group.ledger.abort(tracked::current(&self.group)) {
            if let Some(abort) = abort {
                abort.abort();
            }
            let tally = if task.blocking { &mut blocking } else { &mut aborted };
            tally.add(task.into());
        }
        if let Some(names) = aborted.names() {
            memo.detail(format!("aborted {names}"));
        }
        if let Some(names) = blocking.names() {
            memo.detail(format!("cannot be aborted once they run: {names}"));
        }
        let group = Arc::clone(&self.group);
        memo.if_stuck(move || {
            let mut left = Tally::default();
            group.ledger.all().into_iter().for_each(|task| left.add(task.into()));
            left.names().map(|names| format!("still running: {names}"))
        });
    }
}

teardown_by_ref!([] Tasks);

/// `own` is the task that shuts its own group down.
fn outcome(group: &Group, own: Option<Key>, memo: &mut Memo) -> Outcome {
    let (earlier, stopping) = {
        let panics = lock(&group.panics);
        (panics.earlier.summary(), panics.stopping.message())
    };
    if let Some(earlier) = earlier {
        memo.detail(earlier);
    }
    let outcome = match stopping {
        Some(message) => Outcome::Panicked { message },
        None => Outcome::Stopped,
    };
    match own.and_then(|key| group.ledger.named(key)) {
        Some(task) => outcome.worse(Outcome::abandoned(format!("{} shuts down its own group", TaskInfo::from(task)))),
        None => outcome,
    }
}

/// Tasks by name and place, with how many there are of each.
#[derive(Default)]
struct Tally(BTreeMap<TaskInfo, usize>);

impl Tally {
    fn add(&mut self, task: TaskInfo) {
        *self.0.entry(task).or_default() += 1;
    }

    /// "`a` (src/jobs.rs:12:9), 3 of `b` (src/jobs.rs:20:9), and 90 more"
    fn names(&self) -> Option<String> {
        let mut text = String::new();
        for (task, count) in self.0.iter().take(NAMED) {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = match count {
                1 => write!(text, "{comma}{task}"),
                _ => write!(text, "{comma}{count} of {task}"),
            };
        }
        let more: usize = self.0.values().skip(NAMED).sum();
        if more > 0 {
            let _ = write!(text, ", and {more} more");
        }
        (!text.is_empty()).then_some(text)
    }
}

impl Reach for Group {
    fn row(&self, now: Instant) -> Row {
        let phase = match (self.ledger.is_closed(), self.ledger.len()) {
            (false, _) => Phase::Live,
            (true, 0) => Phase::Settled,
            (true, _) => Phase::Stopping,
        };
        Row::new("Tasks", self.location, now.saturating_duration_since(self.created), phase, Kind::Handle)
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        let settled = self.ledger.is_closed() && self.ledger.len() == 0;
        (!settled).then(|| Box::new(Tasks { group: self }) as Box<dyn Teardown + Send>)
    }
}
