//! What is still alive, and whose it is.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use crate::host::census::{self, Process, Thread};
use crate::host::user_threads::{self, NamedOwner};
use crate::teardown::report::audit::{Audit, AuditProcess, AuditThread, Origin};
use crate::value::nodes::{self, Node};

/// What of this process is alive now, as the system lists it, matched with what sundown knows: threads, but the calling one
/// and the main one, and child processes with theirs. For after a shutdown; [`Report::with_audit`](crate::Report::with_audit)
/// makes it a section of the report, and [`Root::audit`](crate::Root::audit) does both.
///
/// It is a look at one moment. A thread whose end was just waited for may still be there for the time that the system needs
/// to take it away. Linux (`/proc`), macOS and Windows; elsewhere the result says that it cannot be had.
///
/// Reads files of `/proc`, 10 µs or so for each thread of this process and each process of the machine.
///
/// | a thread that works for | is called |
/// |---|---|
/// | a [`Thread`](crate::Thread), a `RuntimeThread`, a `Tasks` whose task it runs now | what the registry calls it, with its state there, also when its last handle is gone |
/// | sundown | by what it does |
/// | others | not tracked, with what its name says, if that is a name of tokio's or Python's |
///
/// A child process is tracked if it is a [`Process`](crate::Process), in the group of one, or a descendant.
///
/// ```
/// use sundown::registry;
///
/// let (go, wait) = std::sync::mpsc::channel::<()>();
/// let forgotten = std::thread::Builder::new().name("forgotten".into()).spawn(move || wait.recv());
/// # while !registry::audit().threads().iter().any(|thread| thread.name == "forgotten") && cfg!(target_os = "linux") { std::thread::yield_now() }
/// println!("{}", registry::audit()); // …thread `forgotten` (tid 4242)  sleeping  0.0 ms CPU  not tracked by sundown
/// # drop(go);
/// # forgotten.unwrap().join().unwrap().unwrap_err();
/// ```
pub fn audit() -> Audit {
    let Some((threads, main)) = Thread::others() else { return Audit::not_listed(census::NOT_LISTED) };
    let nodes = nodes::all();
    // The nodes keep their owners alive, so that no other has the id of one.
    let known: HashMap<usize, String> = nodes.iter().filter_map(|node| Some((node.owner()?, in_words(node)))).collect();
    let mut owners = HashMap::new();
    user_threads::each(|thread| {
        let by = thread.owners.iter().flatten().map(|NamedOwner { id, label }| match known.get(id) {
            Some(known) => known.clone(),
            None => format!("{label}, no longer in the registry"),
        });
        if let Some(by) = by.reduce(|part, whole| format!("{part}; on {whole}")) {
            owners.insert(thread.tid, by);
        }
    });
    let origin = |thread: &Thread| match owners.get(&thread.tid) {
        Some(by) => Origin::Tracked { by: by.clone() },
        None => match own(&thread.name) {
            Some(what) => Origin::Sundown { what },
            None => Origin::Untracked { hint: hint(&thread.name, &main) },
        },
    };
    let threads = threads.into_iter().map(|thread| {
        let origin = origin(&thread);
        let Thread { tid, name, state, cpu, .. } = thread;
        AuditThread { name, tid, state, cpu, origin }
    });
    let children: HashMap<u32, String> =
        nodes.iter().filter_map(|node| Some((node.child()?, in_words(node)))).collect();
    Audit::new(threads.collect(), processes(Process::all(), &children))
}

fn in_words(node: &Arc<dyn Node>) -> String {
    format!("{}, {}", node.label(), node.phase())
}

/// `children` are the registered ones.
fn processes(all: Vec<Process>, children: &HashMap<u32, String>) -> Vec<AuditProcess> {
    let parents: HashMap<u32, u32> = all.iter().map(|process| (process.pid, process.parent)).collect();
    let by = |process: &Process| {
        let ancestors = iter::successors(Some(process.pid), |pid| parents.get(pid).copied());
        // The list is not of one moment: ids that were used again meanwhile may form a circle.
        ancestors.take(all.len() + 1).chain(process.group).find_map(|id| children.get(&id)).cloned()
    };
    let mut found = Vec::with_capacity(all.len());
    for process in &all {
        let origin = match by(process) {
            Some(by) => Origin::Tracked { by },
            None => Origin::Untracked { hint: None },
        };
        let (command, pid, zombie) = (process.command.clone(), process.pid, process.zombie);
        found.push(AuditProcess { command, pid, zombie, origin });
    }
    found
}

/// What a thread of sundown's does, by its name.
fn own(name: &str) -> Option<&'static str> {
    const OWN: [(&str, &str); 7] = [
        ("alarm", "the alarms of those outside a runtime"),
        ("join", "waits for what blocks, and ends with that"),
        ("progres", "draws what a shutdown waits for"), // Linux keeps 15 bytes
        ("reaper", "tears down what was dropped"),
        ("run", "the runtime of `run`"),
        ("signals", "hears the signals"),
        ("systemd", "notifies systemd"),
    ];
    let name = name.strip_prefix("sundown-")?;
    let known = OWN.iter().find(|(start, _)| name.starts_with(start));
    Some(known.map_or("a helper", |(_, what)| what))
}

/// What the name of a thread that is nobody's says. Linux keeps 15 bytes of it.
fn hint(name: &str, main: &str) -> Option<String> {
    const TOKIO: [&str; 2] = ["tokio-rt-worker", "tokio-runtime-w"];
    const PYTHON: [(&str, &str); 3] = [
        ("asyncio_", "the default executor of an asyncio loop"),
        ("ThreadPoolExecu", "a `ThreadPoolExecutor` of Python"),
        ("Thread-", "a `threading.Thread` of Python"),
    ];
    if TOKIO.iter().any(|known| name.starts_with(known)) {
        return Some(tokio_hint());
    }
    if let Some((_, what)) = PYTHON.iter().find(|(start, _)| name.starts_with(start)) {
        return Some((*what).to_owned());
    }
    (name.is_empty() || name == main).then(|| "without a name of its own".to_owned())
}

/// tokio calls them alike.
fn tokio_hint() -> String {
    let hint = "a worker of a tokio runtime, or a thread of its blocking pool";
    #[cfg(feature = "tokio")]
    if let Ok(around) = tokio::runtime::Handle::try_current()
        && around.runtime_flavor() != tokio::runtime::RuntimeFlavor::CurrentThread
    {
        return format!("{hint}; the runtime around the audit has workers: {}", around.metrics().num_workers());
    }
    hint.to_owned()
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_is_known_of_it() {
        assert_eq!(
            hint("tokio-runtime-w", "").unwrap(),
            "a worker of a tokio runtime, or a thread of its blocking pool"
        );
        assert_eq!(hint("asyncio_3", "").unwrap(), "the default executor of an asyncio loop");
        assert_eq!(hint("ThreadPoolExecu", "").unwrap(), "a `ThreadPoolExecutor` of Python");
        assert_eq!(hint("Thread-1 (run)", "").unwrap(), "a `threading.Thread` of Python");
        assert_eq!(hint("service", "service").unwrap(), "without a name of its own");
        assert_eq!(hint("rayon", "service"), None);
        assert_eq!(own("sundown-join Ru"), Some("waits for what blocks, and ends with that"));
        assert_eq!(own("sundown-callbac"), Some("a helper"));
        assert_eq!(own("mailer"), None);
    }

    /// The registered child 10 has 11 in its group and 12 as a grandchild that has left it; 20 is somebody else's.
    #[test]
    fn a_process_is_that_of_its_nearest_registered_ancestor_or_group() {
        let process = |pid, parent, group| Process::for_test(pid, parent, group);
        let all =
            vec![process(10, 1, 10), process(11, 1, 10), process(13, 10, 10), process(12, 13, 12), process(20, 1, 20)];
        let children = HashMap::from([(10, "Process `sh`".to_owned())]);
        let origins: Vec<_> = processes(all, &children).iter().map(|process| process.origin.is_untracked()).collect();
        assert_eq!(origins, [false, false, false, false, true]);
    }

    /// 10 was the parent of 11 and ended; then 11 had a child whose id is 10 again.
    #[test]
    fn ids_that_were_used_again_may_form_a_circle() {
        let process = |pid, parent| Process::for_test(pid, parent, pid);
        let all = || vec![process(10, 11), process(11, 10), process(12, 11), process(13, 13)];
        let tracked = |child| {
            let children = HashMap::from([(child, "Process `sh`".to_owned())]);
            let found = processes(all(), &children);
            found.iter().filter(|process| !process.origin.is_untracked()).map(|process| process.pid).collect::<Vec<_>>()
        };
        assert_eq!(tracked(20), [0; 0]);
        assert_eq!(tracked(10), [10, 11, 12]);
    }
}
