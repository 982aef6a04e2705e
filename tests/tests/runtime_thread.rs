//! `RuntimeThread` in an annotated struct, its metrics, and what a forked child makes of it.

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use sundown::{Reply, RuntimeThread, RuntimeThreadError, ShutdownGuard, must_shutdown, registry};
use sundown_tests::GENEROUS;

enum Message {
    Double(u64, Reply<u64>),
    Stall,
}

fn doubler(name: &str) -> RuntimeThread<Message> {
    RuntimeThread::spawn(name, async |mut inbox, _stop| {
        while let Some(message) = inbox.recv().await {
            match message {
                Message::Double(number, reply) => reply.send(2 * number),
                Message::Stall => std::future::pending().await,
            }
        }
    })
    .unwrap()
}

#[must_shutdown(timeout = "1s", on_drop = "log")]
struct Owner {
    #[shutdown]
    worker: RuntimeThread<Message>,
    guard: ShutdownGuard<Self>,
}

impl Owner {
    fn of(worker: &RuntimeThread<Message>) -> Self {
        Owner { worker: worker.clone(), guard: ShutdownGuard::new() }
    }
}

#[tokio::test]
async fn it_is_a_step_like_any_other() {
    let worker = doubler("a step");
    assert!(registry::snapshot().to_string().contains("a step"));
    let mut owner = Owner::of(&worker);
    assert_eq!(owner.worker.call(|reply| Message::Double(21, reply)).await.unwrap(), 42);
    assert!(owner.shutdown_within(GENEROUS).await.unwrap().is_clean());
    assert!(worker.is_finished());
    let error = worker.call(|reply| Message::Double(1, reply)).await.unwrap_err();
    assert!(matches!(error, RuntimeThreadError::ChannelClosed { .. }), "{error}");
}

#[test]
fn a_handler_that_is_late_is_forced_and_both_owners_are_told() {
    let worker = doubler("late");
    worker.try_send(Message::Stall).unwrap();
    let mut owner = Owner::of(&worker);
    let error = owner.shutdown_blocking().unwrap_err();
    assert_eq!(error.report().outcome().word(), "forced", "{error}");
    assert!(worker.is_finished());
    let own = worker.shutdown_blocking(Duration::from_secs(1)).unwrap_err();
    assert!(matches!(own, RuntimeThreadError::Timeout { .. }), "{own}");
}

#[test]
fn dropped_by_an_owner_that_waits_for_nothing_it_ends() {
    let worker = doubler("dropped");
    drop(Owner::of(&worker));
    assert!(worker.shutdown_blocking(None).is_ok(), "it was asked, and nothing hindered it");
}

/// Three threads meet: two workers, and the handler, which blocks its own.
#[test]
fn workers_run_what_the_handler_spawns_while_it_computes() {
    let meeting = Arc::new(Barrier::new(3));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (at, names) = (Arc::clone(&meeting), Arc::clone(&seen));
    let worker: RuntimeThread<()> = RuntimeThread::builder("with workers")
        .capacity(1)
        .worker_threads(2)
        .spawn(async move |mut inbox, _stop| {
            let not_send = std::rc::Rc::new(());
            for _ in 0..2 {
                let (at, names) = (Arc::clone(&at), Arc::clone(&names));
                tokio::spawn(async move {
                    let name = std::thread::current().name().unwrap_or_default().to_owned();
                    names.lock().unwrap().push(name);
                    at.wait();
                    std::future::pending::<()>().await;
                });
            }
            at.wait();
            while inbox.recv().await.is_some() {}
            drop(not_send);
        })
        .unwrap();
    worker.send_blocking(()).unwrap();
    worker.shutdown_blocking(None).unwrap();
    assert_eq!(*seen.lock().unwrap(), ["with workers", "with workers"]);
    assert_eq!(Arc::strong_count(&meeting), 1, "the tasks are gone, and the threads that ran them");
}

#[test]
fn messages_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let worker = doubler("counted");
        for _ in 0..3 {
            worker.call_blocking(|reply| Message::Double(1, reply)).unwrap();
        }
        worker.shutdown_blocking(None).unwrap();
        worker.try_send(Message::Stall).map_err(drop).unwrap_err();
    });
    let mut seen: Vec<(String, DebugValue)> = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        if key.name() == "sundown_messages_total" {
            let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            seen.push((labels.join(" "), value));
        }
    }
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        seen,
        [
            ("thread=counted outcome=accepted".to_owned(), DebugValue::Counter(3)),
            ("thread=counted outcome=refused".to_owned(), DebugValue::Counter(1)),
        ]
    );
}

#[cfg(unix)] // where there is `fork`
#[test]
#[allow(unsafe_code, reason = "fork")]
fn a_forked_child_has_no_part_in_it() {
    let worker = doubler("the parent's");
    // SAFETY: the child calls nothing that needs another thread or a lock of one, and ends by `_exit`.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let refused = worker.try_send(Message::Stall).is_err() && worker.is_finished() && worker.is_empty();
        let inherited = worker.shutdown_blocking(None).is_err();
        drop(worker);
        // SAFETY: no destructor or handler runs.
        unsafe { libc::_exit(i32::from(!(refused && inherited))) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and `status` is a local.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0);
    assert_eq!(worker.call_blocking(|reply| Message::Double(4, reply)).unwrap(), 8);
    worker.shutdown_blocking(None).unwrap();
}
