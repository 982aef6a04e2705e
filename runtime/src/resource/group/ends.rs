//! The ends of members, as a supervisor hears of them.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::sync::lock;
use crate::teardown::Ended;

/// The number of ends that are kept for a supervisor who comes later.
const KEPT: usize = 16;

/// The ends that nobody has heard of yet, with the names of the members.
#[derive(Default)]
pub(super) struct Ends {
    queue: Mutex<VecDeque<(String, Ended)>>,
    added: Notify,
}

impl Ends {
    /// The end of a member, under its path in the member.
    pub(super) fn add(&self, member: &str, ended: Ended) {
        let _oldest = {
            let mut queue = lock(&self.queue);
            let oldest = if queue.len() == KEPT { queue.pop_front() } else { None };
            queue.push_back((member.to_owned(), ended));
            oldest
        };
        self.added.notify_one();
    }

    /// The next end, under the path of a group called `group`; each is for one who waits. May be dropped and called again:
    /// a notice that is dropped goes to another who waits.
    pub(super) async fn next(&self, group: &str) -> Ended {
        loop {
            let (next, is_last) = {
                let mut queue = lock(&self.queue);
                (queue.pop_front(), queue.is_empty())
            };
            if let Some((member, ended)) = next {
                if !is_last {
                    self.added.notify_one();
                }
                let name = format!("{group}.members[{member:?}]{}", ended.name());
                return ended.named(name);
            }
            self.added.notified().await;
        }
    }
}
