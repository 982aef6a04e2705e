//! A test that fails if it leaves something behind, by name: `cargo test -p small --example leak_check`.

use std::thread::Builder;
use std::time::Duration;

use sundown::testing::LeakCheck;
use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Service {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn a_service_leaves_nothing_behind() {
    let _leaks = LeakCheck::new(); // dropped last: panics if there is something new
    let mut service = Service { jobs: Tasks::new(), guard: ShutdownGuard::new() };
    service.jobs.spawn_until_stopped("job", std::future::pending::<()>()).unwrap();
    service.shutdown().await.unwrap();
}

/// What it says of a thread that nobody joins.
fn main() {
    let mut leaks = LeakCheck::new();
    let (running, runs) = std::sync::mpsc::channel();
    let forgotten = Builder::new().name("forgotten".to_owned()).spawn(move || {
        running.send(()).expect("main waits");
        std::thread::park();
    });
    runs.recv().expect("it runs");
    println!("{}", leaks.survivors(Duration::from_millis(10)));
    drop(forgotten);
}
