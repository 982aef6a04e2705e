//! SIGUSR1: a root prints what is alive, and the service goes on.

use libc::{SIGINT, SIGTERM, SIGUSR1};

use super::running::Running;

#[test]
fn what_is_alive_on_sigusr1() {
    // Its start is over, and the service is in the registry.
    let mut service = Running::until(&["dumps", "stuck", "grace=60000", "audit"], "the pool of the start is dropped");
    service.signal(SIGUSR1);
    service.prints("sundown: SIGUSR1: what is alive");
    let head = service.prints("created");
    let rows = [(); 2].map(|()| service.prints(" tests/src/bin/service/service.rs:"));
    assert!(head.starts_with("name ") && head.contains(" age  tasks  created"), "{head}");
    assert!(rows.iter().any(|row| row.starts_with("service::service::Service  owned   live ")), "{rows:?}");
    let tasks = rows.iter().find(|row| row.starts_with("Tasks ")).expect("the group of the jobs");
    let columns: Vec<_> = tasks.split_whitespace().collect();
    assert_eq!((columns[1], columns[2], columns[5]), ("handle", "live", "1"), "{tasks}");

    // It has gone on, and says so again in its shutdown.
    service.signal(SIGTERM);
    service.says("draining");
    service.signal(SIGUSR1);
    service.prints("sundown: SIGUSR1: what is alive");
    service.prints(" stopping ");
    service.signal(SIGINT);
    let ended = service.ended();
    assert!([3, 4].contains(&ended.code()), "{ended:#?}");
    let (_, audit) = ended.report.split_once("\nstill alive: ").expect("it has an audit");
    assert!(audit.contains("`sundown-sig") && !audit.contains("`tokio"), "what prints is sundown's: {ended:#?}");
}

/// All workers are blocked, or the thread of `main`, in a close that does not return.
#[test]
fn also_where_all_else_is_stuck() {
    let mut service = Running::until(&["dumps", "blocks-workers"], "blocked");
    service.signal(SIGUSR1);
    service.prints("sundown: SIGUSR1: what is alive");

    let mut service = Running::until(&["dumps", "close-blocks", "grace=600000"], "started");
    service.signal(SIGTERM);
    service.says("closing");
    service.signal(SIGUSR1);
    service.prints("sundown: SIGUSR1: what is alive");
}

#[test]
fn without_it_the_signal_ends_the_process() {
    let service = Running::until(&[], "started");
    service.signal(SIGUSR1);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&service.ended().status), Some(SIGUSR1));
}
