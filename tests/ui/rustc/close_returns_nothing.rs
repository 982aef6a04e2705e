use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    fn close(&self) -> u32 {
        1
    }
}

#[must_shutdown]
struct Runner {
    #[shutdown(close = Pool::close)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
