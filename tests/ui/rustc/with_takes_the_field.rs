use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = Pool::close)]
    pool: String,
    guard: ShutdownGuard<Self>,
}

fn main() {}
