//! A task that ends with its runtime has not stopped, no matter who shuts what down, and when.

use super::*;

fn failed(report: &Report, of: usize) {
    let (outcome, detail) = said(report);
    let named = if of == 1 { "`flush` (".to_owned() } else { format!("{of} of `flush` (") };
    let expected = format!("failed: dropped by its runtime before it ended: {named}");
    assert!(outcome.starts_with(&expected), "{outcome}; {detail}");
}

#[test]
fn before_the_shutdown_is_asked_for() {
    let tasks = Tasks::new();
    let runtime = two_workers();
    for _ in 0..3 {
        tasks.spawn_on("flush", pending::<()>(), runtime.handle()).unwrap();
    }
    drop(runtime);
    assert!(tasks.is_empty());
    failed(&two_workers().block_on(shut_down(&tasks)), 3);
}

#[test]
fn while_the_task_ends() {
    let tasks = Tasks::new();
    let runtime = two_workers();
    let asked = tasks.token();
    let flush = async move {
        asked.cancelled().await;
        pending::<()>().await;
    };
    tasks.spawn_on("flush", flush, runtime.handle()).unwrap();
    let other = two_workers();
    let shutdown = other.spawn({
        let tasks = tasks.clone();
        async move { shut_down(&tasks).await }
    });
    while !tasks.is_closed() {
        std::thread::yield_now();
    }
    drop(runtime);
    failed(&other.block_on(shutdown).unwrap(), 1);
}

#[test]
fn a_current_thread_one() {
    let tasks = Tasks::new();
    let runtime = Builder::new_current_thread().build().unwrap();
    tasks.spawn_on("flush", pending::<()>(), runtime.handle()).unwrap();
    drop(runtime);
    failed(&two_workers().block_on(shut_down(&tasks)), 1);
}

#[test]
fn one_that_has_gone_already() {
    let tasks = Tasks::new();
    let runtime = two_workers();
    let gone = runtime.handle().clone();
    drop(runtime);
    tasks.spawn_on("flush", pending::<()>(), &gone).unwrap();
    failed(&two_workers().block_on(shut_down(&tasks)), 1);

    // Inside one that lives.
    let tasks = Tasks::new();
    let report = two_workers().block_on(async {
        tasks.spawn_on("flush", pending::<()>(), &gone).unwrap();
        shut_down(&tasks).await
    });
    failed(&report, 1);
}

#[test]
fn a_blocking_task_that_never_ran() {
    let tasks = Tasks::new();
    let runtime = two_workers();
    let gone = runtime.handle().clone();
    drop(runtime);
    let entered = gone.enter();
    tasks.spawn_blocking("flush", || ()).unwrap();
    drop(entered);
    failed(&two_workers().block_on(shut_down(&tasks)), 1);
}

/// What somebody has aborted, or has panicked, was not dropped by its runtime.
#[test]
fn those_who_ended_before_it_are_not_meant() {
    let tasks = Tasks::new();
    let runtime = two_workers();
    let aborted = tasks.spawn_on("aborted", pending::<()>(), runtime.handle()).unwrap();
    aborted.abort();
    assert!(runtime.block_on(aborted).unwrap_err().is_cancelled());
    let panicked = tasks.spawn_on("panics", async { panic!("boom") }, runtime.handle()).unwrap();
    assert!(runtime.block_on(panicked).unwrap_err().is_panic());
    runtime.block_on(tasks.spawn_on("done", async {}, runtime.handle()).unwrap()).unwrap();
    drop(runtime);
    let (outcome, detail) = said(&two_workers().block_on(shut_down(&tasks)));
    assert_eq!(outcome, "stopped");
    assert!(detail.starts_with("a task panicked earlier: `panics` (") && !detail.contains("dropped"), "{detail}");
}
