//! The resources of a value that is gone.

use std::sync::Arc;
use std::time::Duration;

use crate::drive::Drive;
use crate::plan::{self, Spec, Step};
use crate::{Memo, Teardown, Wait};

/// The resources that were moved out of a value, in the order of its plan; `None` for those that could not be, which
/// were forced. Dropped before they have ended, they are forced.
pub(crate) struct Orphans {
    spec: &'static Spec,
    resources: Resources,
    memo: Memo,
    ended: bool,
}

type Resources = Vec<Option<Box<dyn Teardown + Send>>>;

impl Orphans {
    pub(crate) fn new(spec: &'static Spec, resources: Resources, memo: Memo) -> Self {
        Orphans { spec, resources, memo, ended: false }
    }

    pub(crate) async fn run(&mut self, limit: Duration, drive: &Arc<Drive>) {
        plan::run(self.spec, steps(&mut self.resources), &mut self.memo, limit, drive).await;
        self.ended = true;
    }

    /// Forces what has not ended; nobody waits for it.
    pub(crate) fn end(&mut self) {
        plan::force(self.spec, &mut steps(&mut self.resources), &mut self.memo);
        self.ended = true;
    }

    pub(crate) fn memo(&self) -> &Memo {
        &self.memo
    }
}

fn steps(resources: &mut Resources) -> Vec<Step<'_>> {
    resources.iter_mut().map(|resource| Step::orphan(resource.as_deref_mut())).collect()
}

impl Drop for Orphans {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
    }
}

/// As the resources of a nested value, under its owner's memo.
impl Teardown for Orphans {
    fn request(&mut self, memo: &mut Memo) {
        plan::request(self.spec, &mut steps(&mut self.resources), memo);
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            let outcome = plan::wait_nested(self.spec, steps(&mut self.resources), memo).await;
            self.ended = true;
            outcome
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        plan::force(self.spec, &mut steps(&mut self.resources), memo);
    }
}
