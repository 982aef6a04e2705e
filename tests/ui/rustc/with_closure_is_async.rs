use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    fn close(&self) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = |pool| pool.close())]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
