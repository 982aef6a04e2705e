//! `spawn_until_stopped`, and `spawn_weak`: tasks that are dropped at their next `await` when the group is requested to stop.

use std::sync::Weak;

use super::*;

/// Notes that it was dropped.
struct Dropped(mpsc::Sender<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send("dropped").ok();
    }
}

#[tokio::test]
async fn a_request_drops_it_and_waits_for_the_others() {
    let tasks = Tasks::new();
    let (sender, dropped) = mpsc::channel();
    let sender = Dropped(sender);
    let ticker = tasks.spawn_until_stopped("ticker", async move {
        let _sender = sender;
        pending::<()>().await;
    });
    let token = tasks.token();
    let listener = tasks.spawn("listener", async move {
        token.cancelled().await;
        tokio::task::yield_now().await;
        7
    });
    let report = shut_down(&tasks).await;
    assert_eq!(said(&report), ("stopped".to_owned(), String::new()));
    assert_eq!(dropped.try_recv(), Ok("dropped"));
    assert!(ticker.unwrap().await.unwrap_err().is_cancelled());
    assert_eq!(listener.unwrap().await.unwrap(), 7);
    assert!(tasks.spawn_until_stopped("late", async {}).is_err());
}

#[tokio::test]
async fn it_may_end_by_itself() {
    let tasks = Tasks::new();
    let task = tasks.spawn_until_stopped("short", async { 7 }).unwrap();
    assert_eq!(task.await.unwrap(), 7);
    assert!(tasks.is_empty());
    assert_eq!(said(&shut_down(&tasks).await).0, "stopped");
}

#[tokio::test]
async fn its_own_failure_is_reported() {
    let tasks = Tasks::new();
    let task = tasks.spawn_until_stopped("import", async { Err::<(), _>(std::io::Error::other("no disk")) }).unwrap();
    assert!(task.await.unwrap().is_err());
    let (outcome, detail) = said(&shut_down(&tasks).await);
    assert_eq!(outcome, "stopped");
    assert!(detail.contains("`import`") && detail.contains("no disk"), "{detail}");
}

/// It is in a poll when the request comes, hears of that by the token, and returns an error before it can be dropped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_request_makes_it_return_is_no_failure() {
    let tasks = Tasks::new();
    let (token, (polled, begins)) = (tasks.token(), mpsc::channel());
    let task = tasks.spawn_until_stopped("import", async move {
        polled.send(()).unwrap();
        while !token.is_cancelled() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(50)); // the request is over
        Err::<(), _>(std::io::Error::other("cancelled"))
    });
    begins.recv_timeout(GENEROUS).unwrap();
    let (outcome, detail) = said(&shut_down(&tasks).await);
    assert_eq!(outcome, "stopped", "{detail}");
    assert!(detail.contains("`import`") && detail.contains("cancelled, as it was aborted"), "{detail}");
    assert!(task.unwrap().await.unwrap().is_err());
}

#[tokio::test]
async fn dropping_the_last_handle_drops_it() {
    let tasks = Tasks::new();
    let task = tasks.spawn_until_stopped("ticker", pending::<()>()).unwrap();
    drop(tasks);
    assert!(task.await.unwrap_err().is_cancelled());
}

/// Each task is between its entry and its handle, on one of two threads, when the group is requested to stop.
#[test]
fn none_is_missed_while_it_is_spawned() {
    for _ in 0..50 {
        let runtime = two_workers();
        let tasks = Tasks::new();
        let spawner = {
            let (tasks, runtime) = (tasks.clone(), runtime.handle().clone());
            std::thread::spawn(move || {
                let _inside = runtime.enter();
                while tasks.spawn_until_stopped("ticker", pending::<()>()).is_ok() {}
            })
        };
        let report = runtime.block_on(shut_down(&tasks));
        assert_eq!(said(&report).0, "stopped", "one that was missed is forced");
        spawner.join().unwrap();
    }
}

mod weak {
    use super::*;

    #[must_shutdown(shared, timeout = "30s", on_drop = "log")]
    struct Runner {
        #[shutdown]
        tasks: Tasks,
        guard: ShutdownGuard<Self>,
    }

    impl Runner {
        fn new() -> Arc<Self> {
            Arc::new(Runner { tasks: Tasks::new(), guard: ShutdownGuard::new() })
        }

        /// Whether it is found, which needs no handle.
        fn is_alive(runner: &Weak<Self>) -> bool {
            runner.strong_count() > 0
        }
    }

    #[tokio::test]
    async fn the_last_user_drops_the_runner_and_that_ends_the_task() {
        let runner = Runner::new();
        let weak = Arc::downgrade(&runner);
        let (worked, works) = oneshot::channel();
        let task = runner.tasks.spawn_weak("poll", &runner, async move |runner| {
            let runner = runner.upgrade().expect("it is alive");
            assert_eq!(runner.guard.phase(), Phase::Live);
            drop(runner);
            worked.send(()).ok();
            pending::<()>().await;
        });
        works.await.unwrap();
        drop(runner);
        assert!(!Runner::is_alive(&weak));
        assert!(task.unwrap().await.unwrap_err().is_cancelled());
    }

    /// What it is for: nothing drops this runner, whatever its policy.
    #[tokio::test]
    async fn a_task_with_its_own_runner_keeps_it() {
        let runner = Runner::new();
        let weak = Arc::downgrade(&runner);
        let own = Arc::clone(&runner);
        let task = runner.tasks.spawn("poll", async move {
            let _own = own;
            pending::<()>().await;
        });
        drop(runner);
        tokio::task::yield_now().await;
        assert!(Runner::is_alive(&weak));
        weak.upgrade().unwrap().shutdown_within(Duration::ZERO).await.unwrap_err();
        assert!(task.unwrap().await.unwrap_err().is_cancelled());
        assert!(!Runner::is_alive(&weak));
    }

    #[tokio::test]
    async fn a_shutdown_ends_it() {
        let runner = Runner::new();
        let task = runner.tasks.spawn_weak("poll", &runner, |_| pending::<()>()).unwrap();
        runner.shutdown().await.unwrap();
        assert!(task.await.unwrap_err().is_cancelled());
        let closure = runner.tasks.spawn_weak("late", &runner, |runner| async move { runner.strong_count() });
        let runner_of_closure = closure.unwrap_err().into_inner()(Arc::downgrade(&runner));
        assert_eq!(runner_of_closure.await, 1);
    }

    /// A closure that panics leaves no task behind that a shutdown would wait for.
    #[tokio::test]
    async fn a_closure_that_panics_spawns_nothing() {
        let runner = Runner::new();
        let spawn = || runner.tasks.spawn_weak("poll", &runner, |_| -> std::future::Pending<()> { panic!("not now") });
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(spawn)).unwrap_err();
        assert!(runner.tasks.is_empty());
        runner.shutdown().await.unwrap();
    }
}
