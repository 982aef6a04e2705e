use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    fn stop(&self, _: u32) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = async |_| (), request = |pool| pool.stop(value))]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
