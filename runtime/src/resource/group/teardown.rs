//! How a group is asked, waited for and forced.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::member::{Leaving, Member};
use super::{ALONE, Group, Members};
use crate::plan::{Spec, Step, StepSpec};
use crate::resource::collections::{self, Key, Parts};
use crate::resource::owned::Service;
use crate::sync::lock;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::nest::{self, Nest};
use crate::teardown::{Outcome, Progress, Teardown, Wait, Watch};

static SPEC: Spec = Spec {
    name: "Group",
    timeout: ALONE, // alone; else its owner's
    is_timeout_written: false,
    on_drop: None,
    manual: false,
    steps: &[StepSpec { name: "Group.members", after: &[], timeout: None, judges: &[] }],
};

impl Service for Members {
    const SPEC: &'static Spec = &SPEC;
    const TYPE: &'static str = "sundown::Group";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn timeout(&self) -> Option<Duration> {
        None
    }

    fn steps(&self) -> Vec<Step<'_>> {
        vec![Step::owned(Box::new(Everyone(self)))]
    }

    fn stop(&self) {
        self.close().iter().for_each(|member| member.let_go());
    }
}

/// All members, which are those that there were when it was first asked.
struct Everyone<'a>(&'a Members);

impl Everyone<'_> {
    async fn ended(&mut self, progress: &mut Progress, nest: Nest) -> Outcome {
        let members = self.0.close();
        let outcome = collections::wait(parts(&members), progress, nest).await;
        let failures = {
            let state = lock(&self.0.state);
            let more = (state.more_failures > 0).then(|| format!("{} more", state.more_failures));
            state.failures.iter().cloned().chain(more).collect::<Vec<_>>()
        };
        if !failures.is_empty() {
            progress.detail(format!("before: {}", failures.join(", ")));
        }
        members.iter().for_each(|member| self.0.leaves(member));
        outcome
    }
}

fn parts(members: &[Arc<Member>]) -> Parts<'_> {
    let part = |member: &Arc<Member>| Step::owned(Box::new(Leaving(Arc::clone(member))));
    members.iter().map(|member| (part(member), Key::Of(member.key()))).collect()
}

impl Teardown for Everyone<'_> {
    fn request(&mut self, progress: &mut Progress) {
        collections::request(parts(&self.0.close()), progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(nest::root(|nest| self.ended(progress, nest)))
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        nest.enter(|nest| Box::pin(self.ended(progress, nest)))
    }

    fn force(&mut self, progress: &mut Progress) {
        collections::force(parts(&self.0.close()), progress);
    }
}

/// Asked by closing it and asking each member; within its owner's budget.
impl Teardown for &Group {
    fn request(&mut self, progress: &mut Progress) {
        (&*self.handles.owned).request(progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move { (&*self.handles.owned).wait(progress).await })
    }

    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move { Some(self.handles.owned.failed(progress.name()).await) })
    }

    fn force(&mut self, progress: &mut Progress) {
        (&*self.handles.owned).force(progress);
    }

    fn is_idle(&self) -> bool {
        self.is_empty() || self.handles.owned.has_ended()
    }
}

teardown_by_ref!([] Group);
