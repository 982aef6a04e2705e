//! How a server is asked, waited for and forced.

use super::Server;
use crate::resource::tasks::teardown as tasks;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Outcome, Progress, Teardown, Wait, Watch};

/// Asked by closing the listener; forced by aborting the connections.
impl Teardown for &Server {
    /// The task that accepts requests the connections at its end, after the last one.
    fn request(&mut self, progress: &mut Progress) {
        progress.is_abortable = true;
        self.accepting.request_all();
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let groups = [&self.accepting, &self.connections, &self.streams];
            let _named = if self.is_idle() { None } else { tasks::named(groups, progress) };
            self.accepting.others_ended(progress).await;
            // If the listener has failed, or its task was aborted.
            self.connections.request_all();
            self.connections.others_ended(progress).await;
            self.streams.request_all();
            self.streams.others_ended(progress).await;
            groups.map(|tasks| tasks.outcome(progress)).into_iter().fold(Outcome::Stopped, Outcome::worse)
        })
    }

    /// The listener's failure. What becomes of a connection is no end of the server.
    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move {
            let mut accepting = &self.accepting;
            accepting.watch(progress).await
        })
    }

    fn is_idle(&self) -> bool {
        self.accepting.is_empty() && self.connections.is_empty()
    }

    fn force(&mut self, progress: &mut Progress) {
        tasks::force([&self.accepting, &self.connections, &self.streams], progress);
    }
}

teardown_by_ref!([] Server);
