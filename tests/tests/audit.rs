//! What is still alive, and whose it is: real threads and children, each found by a name of its own.
#![cfg(any(target_os = "linux", windows))] // elsewhere nothing is listed

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use sundown::registry::{self, Audit, AuditThread, Origin};
use sundown::{Report, RuntimeThread, ShutdownGuard, Tasks, Thread, must_shutdown};
use sundown_tests::GENEROUS;

#[cfg(target_os = "linux")]
#[path = "audit/children.rs"]
mod children;

/// With little time, for what does not stop.
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Owner {
    #[shutdown]
    thread: Thread,
    guard: ShutdownGuard<Self>,
}

/// A thread of std's, which runs until this is dropped.
struct Foreign {
    go: Option<Sender<()>>,
    handle: Option<thread::JoinHandle<()>>,
}

impl Foreign {
    fn start(name: &str) -> Self {
        let (go, wait) = mpsc::channel();
        let (begun, begins) = mpsc::channel();
        let builder = thread::Builder::new().name(name.to_owned());
        let handle = builder.spawn(move || {
            begun.send(()).unwrap();
            let _ = wait.recv();
        });
        begins.recv().unwrap(); // it has set its name
        Foreign { go: Some(go), handle: Some(handle.unwrap()) }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.go.take());
        self.handle.take().unwrap().join().unwrap();
    }
}

fn named(audit: &Audit, name: &str) -> Vec<AuditThread> {
    audit.threads().iter().filter(|thread| thread.name == name).cloned().collect()
}

/// What the threads work for whose owner is called so.
fn tracked(audit: &Audit, by: &str) -> Vec<String> {
    let of = |thread: &AuditThread| match &thread.origin {
        Origin::Tracked { by: label, .. } if label.starts_with(by) => Some(label.clone()),
        _ => None,
    };
    audit.threads().iter().filter_map(of).collect()
}

#[test]
fn a_thread_of_somebody_else_is_not_tracked() {
    let foreign = Foreign::start("foreign");
    let audit = registry::audit();
    let [thread] = &named(&audit, "foreign")[..] else { panic!("{audit}") };
    assert!(thread.origin.is_untracked(), "{audit}");
    assert!(audit.to_string().contains(&format!("thread `foreign` (tid {})", thread.tid)), "{audit}");
    assert!(audit.to_string().contains("not tracked by sundown"), "{audit}");
    drop(foreign);
}

#[test]
fn what_its_name_says_is_a_hint() {
    let python = Foreign::start("asyncio_7");
    let audit = registry::audit();
    let [thread] = &named(&audit, "asyncio_7")[..] else { panic!("{audit}") };
    let hint = "not tracked by sundown: the default executor of an asyncio loop that nobody has registered";
    assert_eq!(thread.origin.to_string(), hint);
    drop(python);
}

#[test]
fn what_it_does_is_said() {
    let (stop, stops) = mpsc::channel::<()>();
    let builder = thread::Builder::new().name("busy".to_owned());
    let busy = builder.spawn(move || while stops.try_recv() == Err(mpsc::TryRecvError::Empty) {}).unwrap();
    let end = Instant::now() + GENEROUS;
    while !named(&registry::audit(), "busy").iter().any(|thread| thread.cpu >= Duration::from_millis(10)) {
        assert!(Instant::now() < end, "{}", registry::audit());
        thread::yield_now();
    }
    drop(stop);
    busy.join().unwrap();
}

#[test]
fn one_that_was_abandoned_is_called_as_in_the_registry() {
    let (go, wait) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let line = line!() + 1;
    let thread = Thread::spawn("deaf", move |_| {
        begun.send(()).unwrap();
        let _ = wait.recv();
    });
    let thread = thread.unwrap();
    begins.recv().unwrap();
    let of_it = || tracked(&registry::audit(), &format!("Thread `deaf` ({}:{line}:", file!()));
    assert!(matches!(&of_it()[..], [label] if label.ends_with("), live")), "{:?}", of_it());

    let mut owner = Owner { thread: thread.clone(), guard: ShutdownGuard::new() };
    let report = owner.shutdown_blocking().unwrap_err().into_report().with_audit(registry::audit());
    assert!(report.to_string().contains("\nstill alive: "), "{report}");
    assert!(
        matches!(&tracked(report.audit().unwrap(), "Thread `deaf`")[..], [label] if label.ends_with("), stopping"))
    );

    drop((owner, thread));
    let until = |is_so: fn(&[String]) -> bool| {
        let end = Instant::now() + GENEROUS;
        while !is_so(&of_it()) {
            assert!(Instant::now() < end, "{:?}", of_it());
            thread::yield_now();
        }
    };
    // An audit of another test that has begun before the drop holds its node, until it is over.
    until(|labels| matches!(labels, [label] if label.ends_with("), no longer in the registry")));
    drop(go);
    until(<[String]>::is_empty);
}

/// Both are called alike, and were made in the same place.
#[test]
fn of_two_that_are_alike_each_has_its_own_state() {
    let deaf = || {
        let (go, wait) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        let thread = Thread::spawn("twin", move |_| {
            begun.send(()).unwrap();
            let _ = wait.recv();
        });
        begins.recv().unwrap();
        (thread.unwrap(), go)
    };
    let (first, second) = (deaf(), deaf());
    first.0.stop();
    let mut states = tracked(&registry::audit(), "Thread `twin`");
    states.sort();
    assert!(matches!(&states[..], [live, stopping] if live.ends_with(", live") && stopping.ends_with(", stopping")));
    drop((first.1, second.1));
}

/// A worker of somebody's runtime is that of the group whose task it runs, as long as it does.
#[test]
fn a_worker_that_a_task_blocks_works_for_the_group() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let line = line!() + 1;
    let tasks = Tasks::new();
    let blocks = async move {
        begun.send(()).unwrap();
        let _ = wait.recv();
    };
    let task = tasks.spawn_on("blocks", blocks, runtime.handle()).unwrap();
    begins.recv().unwrap();
    let label = format!("Tasks ({}:{line}:", file!());
    assert_eq!(tracked(&registry::audit(), &label).len(), 1, "{}", registry::audit());
    drop(go);
    runtime.block_on(task).unwrap();
    assert_eq!(tracked(&registry::audit(), &label), [""; 0], "{}", registry::audit());
    let audit = registry::audit();
    let workers = named(&audit, "tokio-rt-worker");
    assert!(workers.iter().any(|worker| worker.origin.is_untracked()), "{audit}");
    assert!(audit.to_string().contains("a worker of a tokio runtime, or a thread of its blocking pool"), "{audit}");
}

#[test]
fn a_task_of_a_group_that_runs_on_a_runtime_of_ours_is_said_to_be_on_it() {
    let (go, wait) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let host = RuntimeThread::<()>::spawn("audit-host", async move |_, stop| {
        let tasks = Tasks::new();
        let blocks = async move {
            begun.send(()).unwrap();
            let _ = wait.recv();
        };
        tasks.spawn("blocks", blocks).unwrap();
        stop.stopped().await;
    });
    let host = host.unwrap();
    begins.recv().unwrap();
    let on_it = tracked(&registry::audit(), "Tasks (");
    let on_it: Vec<_> = on_it.iter().filter(|by| by.contains("; on RuntimeThread `audit-host` (")).collect();
    assert!(matches!(&on_it[..], [by] if by.ends_with(", live")), "{on_it:?}");
    drop(go);
    host.shutdown_blocking(GENEROUS).unwrap();
}

#[test]
fn threads_that_are_alike_have_one_line() {
    let pool = RuntimeThread::<()>::builder("audit-pool").worker_threads(3);
    let pool = pool.spawn(async |_, stop| stop.stopped().await).unwrap();
    // Each is on the list before it does anything else; until then it may have no name either.
    let end = Instant::now() + GENEROUS;
    while tracked(&registry::audit(), "RuntimeThread `audit-pool`").len() < 4 {
        assert!(Instant::now() < end, "{}", registry::audit());
        thread::yield_now();
    }
    let (all_alike, text) = loop {
        let audit = registry::audit();
        let pool = named(&audit, "audit-pool");
        if pool.iter().all(|thread| thread.state == pool[0].state) || Instant::now() >= end {
            break (pool.len(), audit.to_string());
        }
    };
    assert_eq!(all_alike, 4, "{text}");
    assert_eq!(text.matches("`audit-pool`").count(), 2, "one line, with the name and the owner: {text}");
    assert!(text.contains("4 threads `audit-pool`"), "{text}");
    pool.shutdown_blocking(GENEROUS).unwrap();
}

#[test]
fn as_json_it_is_a_section_of_the_report() {
    let foreign = Foreign::start("in-json");
    let json = serde_json::to_value(Report::new("Runner").with_audit(registry::audit())).unwrap();
    let threads = json["audit"]["threads"].as_array().unwrap();
    let thread = threads.iter().find(|thread| thread["name"] == "in-json").unwrap();
    assert_eq!(thread["origin"], "untracked");
    assert_eq!(thread["hint"], serde_json::Value::Null);
    assert!(thread["tid"].is_u64() && thread["cpu"]["secs"].is_u64(), "{thread}");
    let json = serde_json::to_value(Report::new("Runner")).unwrap();
    assert!(json.get("audit").is_none(), "{json}");
    drop(foreign);
}
