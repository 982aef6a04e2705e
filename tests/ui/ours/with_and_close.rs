use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    fn close(&self) {}

    async fn end(&self) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = Pool::end, close = Pool::close)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
