use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(close = Pool::close)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
