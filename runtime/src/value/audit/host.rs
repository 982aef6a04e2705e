//! What a host of this crate, an interpreter, knows beside it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::host::user_threads;
use crate::teardown::report::audit::InterpreterThread;
use crate::value::nodes::Node;

/// What it knows.
pub struct Host<'a> {
    /// Its threads, in its order.
    pub threads: Vec<HostThread>,
    /// What a node is a part of: "`Client.runtime` (src/client.rs:30:16)". None if nothing has it.
    pub part_of: &'a dyn Fn(&Arc<dyn Node>) -> Option<String>,
}

/// A thread of it.
pub struct HostThread {
    /// What the system lists it by, where the host knows that.
    pub tid: Option<u32>,
    /// What the host says of it.
    pub thread: InterpreterThread,
    /// What it works for, of what sundown tracks.
    pub by: Option<String>,
}

impl Host<'_> {
    /// There is none.
    pub(super) fn none() -> Self {
        Host { threads: Vec::new(), part_of: &|_| None }
    }
}

/// The threads of a host by what the system lists them by, and those of which that is not known. Without that of the caller.
pub(super) fn by_tid(threads: Vec<HostThread>) -> (HashMap<u32, HostThread>, Vec<HostThread>) {
    let caller = user_threads::current_ident();
    let mut tids = HashMap::new();
    user_threads::each(|thread| {
        tids.insert(thread.ident, thread.tid);
    });
    let mut found = HashMap::new();
    let mut others = Vec::new();
    for thread in threads.into_iter().filter(|thread| thread.thread.ident != caller) {
        match thread.tid.or_else(|| tids.get(&thread.thread.ident).copied()) {
            Some(tid) => {
                found.insert(tid, thread);
            }
            None => others.push(thread),
        }
    }
    (found, others)
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::resource::Thread;

    #[test]
    fn by_the_id_of_the_system_or_that_of_a_thread_of_ours() {
        let (sender, receiver) = mpsc::channel();
        let (stay, stays) = mpsc::channel::<()>();
        let thread = Thread::spawn("hosted", move |_| {
            sender.send((user_threads::current_ident(), user_threads::current_tid())).unwrap();
            let _ = stays.recv();
        });
        let (ident, tid) = receiver.recv().unwrap();
        let hosted = |ident, tid| HostThread { tid, thread: InterpreterThread::new(ident), by: None };
        let caller = user_threads::current_ident();
        let (found, others) =
            by_tid(vec![hosted(ident, None), hosted(1, Some(2)), hosted(3, None), hosted(caller, Some(4))]);
        assert_eq!(found.get(&tid).map(|found| found.thread.ident), Some(ident));
        assert_eq!(found.get(&2).map(|found| found.thread.ident), Some(1));
        assert_eq!(found.len(), 2, "the caller is left out");
        assert!(matches!(&others[..], [other] if other.thread.ident == 3));
        drop((stay, thread));
    }
}
