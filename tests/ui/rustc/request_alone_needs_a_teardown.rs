use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    fn stop(&self) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(request = Pool::stop)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
