//! What the message of the check says is to be done, and what needs no remedy.

use std::process::Command;

use sundown::testing::LeakCheck;
use tokio::runtime::Builder;

use super::{Guarded, SHORT, Worker, assert_says, end, no_leak_found_early_async, sleeper};

/// The threads of the runtime around the check, as of `#[tokio::test(flavor = "multi_thread")]`, set their names after they
/// have been started: some of them after the check was made.
pub(super) fn the_own_workers_of_a_runtime_are_no_leak() {
    for _ in 0..50 {
        Builder::new_multi_thread().worker_threads(8).enable_all().build().unwrap().block_on(async {
            let check = LeakCheck::new();
            no_leak_found_early_async(check).await;
        });
    }
}

/// Another runtime's worker is named like one of the own, and is one.
pub(super) fn the_worker_of_another_runtime_is_a_leak() {
    let own = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    own.block_on(async {
        let mut check = LeakCheck::new();
        let other = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        other.spawn(async {}).await.unwrap(); // the worker has its name
        let survivors = check.survivors_async(SHORT).await;
        assert_says(&survivors, "thread `tokio-rt-worker` (tid ");
        assert_says(&survivors, "help: shut the runtime down");
        other.shutdown_background();
    });
}

pub(super) fn each_kind_has_its_remedy() {
    let mut check = LeakCheck::new();
    let worker = Worker::start("tail");
    let mut child = sleeper();
    let mut zombie = Command::new("true").spawn().unwrap();
    super::until_ended(&zombie);
    let file = std::fs::File::open("/dev/zero").unwrap();
    let value = Guarded::new();
    let survivors = check.survivors(SHORT);
    for remedy in [
        "\nhelp: join the thread, or `ignore_threads(\"tail\")`",
        "\nhelp: kill the process and `wait` for it",
        "\nhelp: close the descriptor, or `ignore_descriptors(\"/dev/zero\")`",
        "\nhelp: `shutdown().await` the value before the check ends, or drop the last handle",
        "\nnote: a test that runs beside this one in the same process looks like a leak: use `--test-threads=1`, or cargo nextest",
    ] {
        assert_says(&survivors, remedy);
    }
    assert_eq!(survivors.to_string().matches("wait` for it").count(), 1, "one for each kind: {survivors}");
    drop((worker, file));
    end(&mut child);
    zombie.wait().unwrap();
    value.end();
}
