use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    fn stop(&self) -> bool {
        true
    }
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = async |_| (), request = Pool::stop)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
