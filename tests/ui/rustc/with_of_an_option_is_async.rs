use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    fn close(self) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = Pool::close)]
    pool: Option<Pool>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
