//! A task that panics: in the outcome, in the detail, in the counts.

use super::*;

#[tokio::test]
async fn one_after_the_ask_is_the_outcome() {
    let tasks = Tasks::new();
    let token = tasks.token();
    let task = tasks
        .spawn("fragile", async move {
            token.cancelled().await;
            panic!("no disk");
        })
        .unwrap();
    let place = tasks.names()[0].clone();
    let report = shut_down(&tasks).await;
    assert_eq!(said(&report).0, format!("panicked: {place}: no disk"));
    assert_eq!(task.await.unwrap_err().into_panic().downcast_ref(), Some(&"no disk"));
}

#[tokio::test]
async fn earlier_ones_are_mentioned() {
    let tasks = Tasks::new();
    for i in 0..20 {
        let task = tasks.spawn("fragile", async move { panic!("boom {i}") }).unwrap();
        assert!(task.await.unwrap_err().is_panic());
    }
    let task = tasks.spawn_blocking("blocks", || panic!("bang")).unwrap();
    assert!(task.await.unwrap_err().is_panic());
    let (outcome, detail) = said(&shut_down(&tasks).await);
    assert_eq!(outcome, "stopped");
    assert!(detail.starts_with("21 tasks panicked earlier, the last: `blocks` ("), "{detail}");
    assert!(detail.contains(file!()) && detail.ends_with("): bang"), "{detail}");
}

/// A future that panics when it is dropped, because it was aborted.
#[tokio::test(start_paused = true)]
async fn one_in_a_drop_is_noted_too() {
    struct Explosive;
    impl Drop for Explosive {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }
    let tasks = Tasks::new();
    let explosive = Explosive;
    let task = async move {
        pending::<()>().await;
        drop(explosive);
    };
    tasks.spawn("explosive", task).unwrap();
    let report = force(&tasks).await;
    let (outcome, detail) = said(&report);
    assert!(outcome.starts_with("panicked: `explosive` (") && outcome.ends_with("): in a drop"), "{report}");
    assert!(detail.contains("aborted `explosive`"), "{detail}");
    assert!(tasks.is_empty());
}

#[test]
fn they_are_counted() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        Builder::new_current_thread().build().unwrap().block_on(async {
            let tasks = Tasks::new();
            let _ = tasks.spawn("fragile", async { panic!("boom") }).unwrap().await;
        });
    });
    let counted = snapshotter.snapshot().into_vec().into_iter().any(|(key, _, _, value)| {
        key.key().name() == "sundown_task_panics_total"
            && key.key().labels().any(|label| label.value() == "fragile")
            && value == metrics_util::debugging::DebugValue::Counter(1)
    });
    assert!(counted);
}
