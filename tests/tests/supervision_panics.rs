//! A `watch` that panics, when it is made or when it is dropped: the ends of the others are known all the same.

use std::future::{pending, ready};

use sundown::{Ended, Outcome, Progress, ShutdownGuard, Teardown, Wait, Watch, any_ended, must_shutdown};
use sundown_tests::{GENEROUS, is_pending};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("in its drop");
        }
    }
}

enum Bad {
    WhenMade,
    WhenDropped,
}

impl Teardown for Bad {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(ready(Outcome::Stopped))
    }

    fn force(&mut self, _progress: &mut Progress) {}

    fn watch<'a>(&'a mut self, _progress: &'a mut Progress) -> Watch<'a> {
        match self {
            Bad::WhenMade => panic!("no watch"),
            Bad::WhenDropped => Box::pin(async {
                let _panics = PanicsWhenDropped;
                pending().await
            }),
        }
    }
}

#[must_shutdown]
struct Owner<T: Teardown + Send> {
    #[shutdown]
    bad: T,
    #[shutdown]
    task: JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

async fn next(value: &mut impl sundown::Supervised) -> Ended {
    timeout(GENEROUS, any_ended(value)).await.expect("an end is known at once").expect("the task can end")
}

#[tokio::test]
async fn when_it_is_made() {
    let mut owner = Owner { bad: Bad::WhenMade, task: tokio::spawn(async {}), guard: ShutdownGuard::new() };
    assert_eq!(next(&mut owner).await.to_string(), "`Owner.task` ended");
    let error = owner.shutdown().await.unwrap_err();
    assert!(error.to_string().contains("`Owner.bad` panicked: no watch"), "{error}");
}

#[tokio::test]
async fn when_it_is_dropped() {
    let (go, gone) = oneshot::channel::<()>();
    let task = tokio::spawn(async { gone.await.unwrap() });
    let mut owner = Owner { bad: Bad::WhenDropped, task, guard: ShutdownGuard::new() };
    let mut watch = Box::pin(any_ended(&mut owner));
    assert!(is_pending(&mut watch).await, "both run");
    go.send(()).unwrap();
    let ended = timeout(GENEROUS, watch).await.unwrap().expect("the task has ended");
    assert_eq!(ended.to_string(), "`Owner.task` ended");
    owner.shutdown().await.unwrap();
}

#[tokio::test]
async fn when_a_part_of_a_collection_is_dropped() {
    let (go, gone) = oneshot::channel::<()>();
    let parts = (Bad::WhenDropped, tokio::spawn(async { gone.await.unwrap() }));
    let mut owner = Owner { bad: parts, task: tokio::spawn(pending()), guard: ShutdownGuard::new() };
    let mut watch = Box::pin(any_ended(&mut owner));
    assert!(is_pending(&mut watch).await, "all run");
    go.send(()).unwrap();
    let ended = timeout(GENEROUS, watch).await.unwrap().expect("the task has ended");
    assert_eq!(ended.to_string(), "`Owner.bad[1]` ended");
    owner.task.abort();
    let _ = owner.shutdown().await;
}
