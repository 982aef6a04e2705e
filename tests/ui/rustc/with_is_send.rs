use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    async fn close(&self) {
        let rc = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(rc);
    }
}

#[must_shutdown]
struct Runner {
    #[shutdown(with = Pool::close)]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

fn main() {}
