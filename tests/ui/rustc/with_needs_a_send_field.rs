use sundown::{ShutdownGuard, must_shutdown};

struct Pool(std::rc::Rc<u8>);

impl Pool {
    async fn close(&self) {}
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = Pool::close)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
