//! What is still alive, and whose it is.

mod host;

use std::collections::{HashMap, HashSet};
use std::iter;
use std::sync::Arc;

use crate::host::census::{self, Process, Thread};
use crate::host::user_threads::{self, NamedOwner};
use crate::teardown::report::audit::{Audit, AuditProcess, AuditThread, InterpreterThread, Origin};
use crate::value::nodes::{self, Node};
pub use host::{Host, HostThread};

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
    take(Host::none())
}

/// As [`audit`], with what a host knows.
pub fn take(host: Host<'_>) -> Audit {
    let (mut hosted, unlisted) = host::by_tid(host.threads);
    let Some((threads, main)) = Thread::others() else {
        let threads = hosted.into_values().chain(unlisted).map(|hosted| hosted.thread).collect();
        return Audit::not_listed(census::NOT_LISTED, threads);
    };
    let nodes = nodes::all();
    let in_words = |node: &Arc<dyn Node>| match (host.part_of)(node) {
        Some(whole) => format!("{}, {}, of {whole}", node.label(), node.phase()),
        None => format!("{}, {}", node.label(), node.phase()),
    };
    // The nodes keep their owners alive, so that no other has the id of one.
    let known: HashMap<usize, String> = nodes.iter().filter_map(|node| Some((node.owner()?, in_words(node)))).collect();
    let mut owners: HashMap<u32, String> =
        nodes.iter().filter_map(|node| Some((node.thread()?, in_words(node)))).collect();
    user_threads::each(|thread| {
        let by = thread.owners.iter().flatten().map(|NamedOwner { id, label }| match known.get(id) {
            Some(known) => known.clone(),
            None => format!("{label}, no longer in the registry"),
        });
        if let Some(by) = by.reduce(|part, whole| format!("{part}; on {whole}")) {
            owners.insert(thread.tid, by);
        }
    });
    let unknown = nodes.iter().filter(|node| node.phase().is_open() && node.unknown_workers() > 0);
    let runtimes: Vec<String> = unknown.map(in_words).collect();
    let threads = threads.into_iter().map(|thread| {
        let Thread { tid, name, state, cpu, .. } = thread;
        let (interpreter, by) = match hosted.remove(&tid) {
            Some(hosted) => (Some(hosted.thread), hosted.by),
            None => (None, None),
        };
        let origin = match owners.remove(&tid).or(by) {
            Some(by) => Origin::Tracked { by },
            None => untracked(&name, &main, interpreter.as_ref(), &runtimes),
        };
        AuditThread { name, tid, state, cpu, interpreter, origin }
    });
    let children: HashMap<u32, String> =
        nodes.iter().filter_map(|node| Some((node.child()?, in_words(node)))).collect();
    let mut threads: Vec<AuditThread> = threads.collect();
    let processes = processes(Process::all(), &children);
    // One whose end was just waited for is gone by now, as a rule.
    let still: HashSet<u32> = Thread::all().iter().map(|thread| thread.tid).collect();
    threads.retain(|thread| still.contains(&thread.tid));
    let audit = Audit::new(threads, processes);
    audit.with_unlisted(unlisted.into_iter().map(|hosted| hosted.thread).collect())
}

/// Whose a thread is that works for nothing which is known: by its names, of which that of an interpreter comes first.
/// `runtimes` are those that have workers which are not known.
fn untracked(name: &str, main: &str, interpreter: Option<&InterpreterThread>, runtimes: &[String]) -> Origin {
    let called = interpreter.and_then(|interpreter| interpreter.name.as_deref());
    match [called, Some(name)].into_iter().flatten().find_map(own) {
        Some(what) => Origin::Sundown { what },
        None => Origin::Untracked { hint: hint(called.unwrap_or(name), main, runtimes) },
    }
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
    const OWN: [(&str, &str); 10] = [
        ("alarm", "the alarms of those outside a runtime"),
        ("callbac", "calls what Rust has a `Callback` for"),
        ("join", "waits for what blocks, and ends with that"),
        ("progres", "draws what a shutdown waits for"), // Linux keeps 15 bytes
        ("relay", "wakes an event loop that watches no descriptors"),
        ("reaper", "tears down what was dropped"),
        ("run", "the runtime of `run`"),
        ("signals", "hears the signals"),
        ("sweep", "waits for an executor that is swept"),
        ("systemd", "notifies systemd"),
    ];
    let name = name.strip_prefix("sundown-")?;
    let known = OWN.iter().find(|(start, _)| name.starts_with(start));
    Some(known.map_or("a helper", |(_, what)| what))
}

/// What the name of a thread that is nobody's says. Linux keeps 15 bytes of it.
fn hint(name: &str, main: &str, runtimes: &[String]) -> Option<String> {
    const TOKIO: [&str; 2] = ["tokio-rt-worker", "tokio-runtime-w"];
    const PYTHON: [(&str, &str); 3] = [
        ("asyncio_", "the default executor of an asyncio loop that nobody has registered"),
        ("ThreadPoolExecu", "a `ThreadPoolExecutor` of Python"),
        ("Thread-", "a `threading.Thread` of Python"),
    ];
    if TOKIO.iter().any(|known| name.starts_with(known)) {
        return Some(tokio_hint(runtimes));
    }
    if let Some((_, what)) = PYTHON.iter().find(|(start, _)| name.starts_with(start)) {
        return Some((*what).to_owned());
    }
    (name.is_empty() || name == main).then(|| "without a name of its own".to_owned())
}

/// tokio calls them alike.
fn tokio_hint(runtimes: &[String]) -> String {
    let hint = "a worker of a tokio runtime, or a thread of its blocking pool";
    if !runtimes.is_empty() {
        return format!("{hint}; perhaps of {}", runtimes.join(", or of "));
    }
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
    fn of_its_names_that_of_the_interpreter_comes_first() {
        let called = |name: &str| InterpreterThread { name: Some(name.to_owned()), ..InterpreterThread::new(1) };
        let of = |name, known: Option<InterpreterThread>| untracked(name, "python3", known.as_ref(), &[]).to_string();
        assert_eq!(of("python3", None), "not tracked by sundown: without a name of its own");
        assert_eq!(of("python3", Some(called("crawler"))), "not tracked by sundown");
        assert_eq!(
            of("python3", Some(called("sundown-relay"))),
            "sundown's own: wakes an event loop that watches no descriptors"
        );
        let executor = "not tracked by sundown: the default executor of an asyncio loop that nobody has registered";
        assert_eq!(of("python3", Some(called("asyncio_0"))), executor);
    }

    #[test]
    fn a_name_tells_what_is_known_of_it() {
        let worker = "a worker of a tokio runtime, or a thread of its blocking pool";
        assert_eq!(hint("tokio-runtime-w", "", &[]).unwrap(), worker);
        let runtimes = ["Runtime `a` (lib.rs:1:2), live".to_owned(), "Runtime `b` (lib.rs:3:4), live".to_owned()];
        assert_eq!(
            hint("tokio-rt-worker", "", &runtimes).unwrap(),
            format!("{worker}; perhaps of {}, or of {}", runtimes[0], runtimes[1])
        );
        let hint = |name, main| hint(name, main, &runtimes);
        assert_eq!(
            hint("asyncio_3", "").unwrap(),
            "the default executor of an asyncio loop that nobody has registered"
        );
        assert_eq!(hint("ThreadPoolExecu", "").unwrap(), "a `ThreadPoolExecutor` of Python");
        assert_eq!(hint("Thread-1 (run)", "").unwrap(), "a `threading.Thread` of Python");
        assert_eq!(hint("service", "service").unwrap(), "without a name of its own");
        assert_eq!(hint("rayon", "service"), None);
        assert_eq!(own("sundown-join Ru"), Some("waits for what blocks, and ends with that"));
        assert_eq!(own("sundown-callback"), Some("calls what Rust has a `Callback` for"));
        assert_eq!(own("sundown-callbac"), own("sundown-callback"));
        assert_eq!(own("sundown-leaks"), Some("a helper"));
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
