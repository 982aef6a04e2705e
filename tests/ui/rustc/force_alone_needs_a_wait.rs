use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    fn kill(&self) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(force = Pool::kill)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
