use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    async fn close(&self) -> u32 {
        1
    }
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = Pool::close)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
