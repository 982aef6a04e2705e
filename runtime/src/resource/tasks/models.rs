//! The loom models of the ledger: the gate, the completion, the abort.

use std::future::poll_fn;
use std::panic::Location;

use loom::future::block_on;
use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::ledger::{Attached, Ledger, Named, Waiting};

/// Stands for tokio's abort handle: counts its aborts.
type Handle = Arc<AtomicUsize>;

fn named() -> Named {
    Named::task("task".into(), Location::caller())
}

async fn empty(ledger: &Ledger<Handle>) {
    let mut waiting = Waiting::default();
    poll_fn(|cx| ledger.poll_empty(&mut waiting, cx)).await;
}

/// Bounded, to keep each model to seconds: three changes of thread that were not forced find what we know to look for.
fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

#[test]
fn a_task_that_was_let_in_is_waited_for_and_none_is_let_in_after() {
    model(|| {
        let ledger: Arc<Ledger<Handle>> = Arc::new(Ledger::new());
        let ended = Arc::new(AtomicUsize::new(0));
        let spawner = {
            let (ledger, ended) = (Arc::clone(&ledger), Arc::clone(&ended));
            thread::spawn(move || {
                let mut let_in = 0;
                let mut refused = false;
                for _ in 0..2 {
                    match ledger.enter(named()) {
                        Some(entered) => {
                            assert!(!refused, "the gate closes in all shards at once");
                            let_in += 1;
                            ended.fetch_add(1, Ordering::Relaxed);
                            ledger.leave(entered.key);
                        }
                        None => refused = true,
                    }
                }
                let_in
            })
        };
        ledger.close();
        block_on(empty(&ledger));
        assert_eq!(ledger.len(), 0);
        let ended_when_empty = ended.load(Ordering::Relaxed);
        assert!(ledger.enter(named()).is_none());
        let let_in = spawner.join().unwrap();
        assert_eq!(ended_when_empty, let_in, "closed and empty, and yet a task ended later");
    });
}

#[test]
fn the_last_to_leave_wakes_those_that_wait() {
    model(|| {
        let ledger: Arc<Ledger<Handle>> = Arc::new(Ledger::new());
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let entered = ledger.enter(named()).expect("it is open");
                let ledger = Arc::clone(&ledger);
                thread::spawn(move || ledger.leave(entered.key))
            })
            .collect();
        ledger.close();
        block_on(empty(&ledger));
        assert_eq!(ledger.len(), 0);
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn a_close_wakes_those_that_wait_for_an_empty_group() {
    model(|| {
        let ledger: Arc<Ledger<Handle>> = Arc::new(Ledger::new());
        let closer = Arc::clone(&ledger);
        let closer = thread::spawn(move || closer.close());
        block_on(empty(&ledger));
        assert!(ledger.is_closed());
        closer.join().unwrap();
    });
}

/// Three tasks in two shards: the one that waits has a shard with one of the others.
#[test]
fn a_task_that_waits_for_the_others_is_woken_by_the_last_of_them() {
    model(|| {
        let ledger: Arc<Ledger<Handle>> = Arc::new(Ledger::new());
        let [own, next, other] = std::array::from_fn(|_| ledger.enter(named()).expect("it is open"));
        ledger.leave(next.key);
        let leaver = Arc::clone(&ledger);
        let leaver = thread::spawn(move || leaver.leave(other.key));
        ledger.close();
        let mut waiting = Waiting::except(Some(own.key));
        block_on(poll_fn(|cx| ledger.poll_empty(&mut waiting, cx)));
        assert_eq!(ledger.len(), 1);
        leaver.join().unwrap();
    });
}

#[test]
fn each_task_is_aborted_exactly_once() {
    model(|| {
        let ledger: Arc<Ledger<Handle>> = Arc::new(Ledger::new());
        let aborts: Handle = Arc::new(AtomicUsize::new(0));
        let spawner = {
            let (ledger, aborts) = (Arc::clone(&ledger), Arc::clone(&aborts));
            thread::spawn(move || {
                let entered = ledger.enter(named());
                if let Some(entered) = &entered
                    && let Attached::Abort(handle) = ledger.attach(entered, aborts)
                {
                    handle.fetch_add(1, Ordering::Relaxed);
                }
                entered.is_some()
            })
        };
        ledger.close();
        for (_, handle) in ledger.abort(None) {
            if let Some(handle) = handle {
                handle.fetch_add(1, Ordering::Relaxed);
            }
        }
        let let_in = spawner.join().unwrap();
        assert_eq!(aborts.load(Ordering::Relaxed), usize::from(let_in));
    });
}

/// A task that is between its entry and its handle is aborted too, and one that is let in later is not.
#[test]
fn each_task_that_is_present_is_aborted_exactly_once() {
    model(|| {
        let ledger: Arc<Ledger<Handle>> = Arc::new(Ledger::new());
        let [first, later]: [Handle; 2] = std::array::from_fn(|_| Arc::new(AtomicUsize::new(0)));
        let entered = ledger.enter(Named { until_stopped: true, ..named() }).expect("it is open");
        let spawner = {
            let (ledger, first, later) = (Arc::clone(&ledger), Arc::clone(&first), Arc::clone(&later));
            thread::spawn(move || {
                if let Attached::Abort(handle) = ledger.attach(&entered, first) {
                    handle.fetch_add(1, Ordering::Relaxed);
                }
                let next = ledger.enter(named()).expect("it is open");
                assert!(matches!(ledger.attach(&next, later), Attached::Kept));
            })
        };
        for handle in ledger.abort_until_stopped() {
            handle.fetch_add(1, Ordering::Relaxed);
        }
        spawner.join().unwrap();
        assert_eq!((first.load(Ordering::Relaxed), later.load(Ordering::Relaxed)), (1, 0));
    });
}

#[test]
fn a_handle_never_ends_up_with_the_next_in_the_same_slot() {
    model(|| {
        let ledger: Arc<Ledger<Handle>> = Arc::new(Ledger::new());
        let [first, second]: [Handle; 2] = std::array::from_fn(|_| Arc::new(AtomicUsize::new(0)));
        // Both threads begin with the first shard, so the second task gets the slot of the first.
        let entered = ledger.enter(named()).expect("it is open");
        let key = entered.key;
        let other = {
            let (ledger, second) = (Arc::clone(&ledger), Arc::clone(&second));
            thread::spawn(move || {
                ledger.leave(key);
                let next = ledger.enter(named()).expect("it is open");
                assert_eq!(next.key, key);
                assert!(matches!(ledger.attach(&next, second), Attached::Kept));
            })
        };
        let _ = ledger.attach(&entered, first);
        other.join().unwrap();
        let handles: Vec<_> = ledger.abort(None).into_iter().filter_map(|(_, handle)| handle).collect();
        assert!(matches!(&handles[..], [handle] if Arc::ptr_eq(handle, &second)));
    });
}
