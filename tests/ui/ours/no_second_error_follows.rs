use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timout = "10s")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct Owner {
    #[shutdown]
    runner: Runner,
    guard: ShutdownGuard<Self>,
}

async fn run() {
    let mut runner = Runner { jobs: Tasks::new(), guard: ShutdownGuard::new() };
    runner.request_shutdown();
    runner.shutdown().await.unwrap();
    runner.shutdown_within(std::time::Duration::from_secs(1)).await.unwrap();
    runner.shutdown_blocking().unwrap();
    let (output, report) = runner.with_shutdown(async |runner| runner.jobs.len()).await;
    let _ = (output + 1, report.unwrap().is_clean());
    let owner = Owner {
        runner: Runner { jobs: Tasks::new(), guard: ShutdownGuard::new() },
        guard: ShutdownGuard::new(),
    };
    drop(owner);
}

fn main() {
    drop(run());
}
