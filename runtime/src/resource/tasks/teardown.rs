//! How a group of tasks is asked, waited for and forced.

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Instant;

use tokio::task::AbortHandle;

use super::ledger::{Key, Waiting};
use super::tally::Tally;
use super::{Empty, Group, TaskInfo, Tasks, tracked};
use crate::driver;
use crate::driver::ended::DROPPED;
use crate::sync::lock;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Ended, Failure, Outcome, Progress, Teardown, Wait, Watch};
use crate::value::Phase;
use crate::value::nodes::Node;

/// Asked by closing the group and cancelling its token; forced by aborting its tasks. A task that shuts down its own group
/// is not waited for and not aborted, but reported: it runs on.
impl Teardown for &Tasks {
    fn request(&mut self, progress: &mut Progress) {
        progress.is_abortable = true;
        self.group.request();
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        progress.bounds(&self.group.owner);
        Box::pin(async move {
            let _named = if self.is_idle() { None } else { named([*self], progress) };
            let own = tracked::current(&self.group);
            Empty { group: &self.group, waiting: Waiting::except(own) }.await;
            outcome(&self.group, own, progress)
        })
    }

    /// A task that has failed or panicked: an end without an error is that of a job.
    fn watch<'a>(&'a mut self, _progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move { Some(Ended::part(self.group.fresh.next().await)) })
    }

    fn is_idle(&self) -> bool {
        self.group.ledger.len() == 0
    }

    fn force(&mut self, progress: &mut Progress) {
        force([*self], progress);
    }
}

teardown_by_ref!([] Tasks);

/// Names the tasks that are waited for, with their ids: those that a debugger or tokio's console has for them.
pub(in crate::resource) fn named<const N: usize>(groups: [&Tasks; N], progress: &Progress) -> Option<driver::Waiting> {
    progress.waits_for(|| {
        let groups = groups.map(|tasks| Arc::downgrade(&tasks.group));
        move || {
            let mut running = Tally::default();
            for group in groups.iter().filter_map(Weak::upgrade) {
                for (task, id) in group.ledger.all_with(AbortHandle::id) {
                    running.add_with(task.into(), id);
                }
            }
            running.names()
        }
    })
}

/// Aborts the tasks of some groups, which one resource has.
pub(in crate::resource) fn force<const N: usize>(groups: [&Tasks; N], progress: &mut Progress) {
    let (mut aborted, mut blocking) = (Tally::default(), Tally::default());
    // All are named before one is aborted, with which a task of another group may end.
    let all = groups.map(|Tasks { group, .. }| group.ledger.abort(tracked::current(group)));
    for (task, abort) in all.into_iter().flatten() {
        if let Some(abort) = abort {
            abort.abort();
        }
        let tally = if task.blocking { &mut blocking } else { &mut aborted };
        tally.add(task.into());
    }
    if let Some(names) = aborted.names() {
        progress.detail(format!("aborted {names}"));
    }
    if let Some(names) = blocking.names() {
        progress.detail(format!("cannot be aborted once they run: {names}"));
    }
    let groups = groups.map(|tasks| Arc::clone(&tasks.group));
    progress.if_stuck(move || {
        let mut left = Tally::default();
        groups.iter().flat_map(|group| group.ledger.all()).for_each(|task| left.add(task.into()));
        left.names().map(|names| format!("still running: {names}"))
    });
}

/// What the resources do that have groups of tasks.
#[cfg(feature = "http")]
impl Tasks {
    /// Closes the group, and requests its tasks to stop.
    pub(in crate::resource) fn request_all(&self) {
        self.group.request();
    }

    /// Ready when the group is closed and every task has ended, but for one that waits here itself.
    pub(in crate::resource) async fn others_ended(&self, progress: &mut Progress) {
        progress.bounds(&self.group.owner);
        Empty { group: &self.group, waiting: Waiting::except(tracked::current(&self.group)) }.await;
    }

    /// What became of the tasks, when all have ended.
    pub(in crate::resource) fn outcome(&self, progress: &mut Progress) -> Outcome {
        outcome(&self.group, tracked::current(&self.group), progress)
    }
}

/// `own` is the task that shuts its own group down.
fn outcome(group: &Group, own: Option<Key>, progress: &mut Progress) -> Outcome {
    let (panics, panicked) = {
        let panics = lock(&group.panics);
        (panics.earlier.summary("panicked"), panics.stopping.message("panicked"))
    };
    let (errors, failed) = {
        let errors = lock(&group.errors);
        (errors.earlier.summary("failed"), errors.stopping.message("failed"))
    };
    let dropped = lock(&group.dropped).names().map(|names| format!("{DROPPED}: {names}"));
    panics.into_iter().chain(errors).for_each(|earlier| progress.detail(earlier));
    let mut failed = failed.into_iter().chain(dropped);
    let outcome = match panicked {
        Some(message) => Outcome::Panicked { message },
        None => failed.next().map_or(Outcome::Stopped, |failed| Outcome::Failed(Failure::new(failed))),
    };
    failed.for_each(|other| progress.detail(other));
    match own.and_then(|key| group.ledger.named(key)) {
        Some(task) => outcome.worse(Outcome::abandoned(format!("{} shuts down its own group", TaskInfo::from(task)))),
        None => outcome,
    }
}

impl Node for Group {
    fn name(&self) -> String {
        "Tasks".to_owned()
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn created(&self) -> Instant {
        self.created
    }

    fn phase(&self) -> Phase {
        match (self.ledger.is_closed(), self.ledger.len()) {
            (false, _) => Phase::Live,
            (true, 0) => Phase::Finished,
            (true, _) => Phase::Stopping,
        }
    }

    fn tasks(&self) -> Option<usize> {
        Some(self.ledger.len())
    }

    fn owner(&self) -> Option<usize> {
        Some(self.owner.id())
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        let settled = self.ledger.is_closed() && self.ledger.len() == 0;
        (!settled).then(|| Box::new(Tasks { group: self, handle: None }) as Box<dyn Teardown + Send>)
    }
}
