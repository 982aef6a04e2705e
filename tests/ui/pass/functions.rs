//! What a `with` and a `request` may take: a reference to the field, to what it derefs to, or what is generic.

use std::sync::Arc;

use sundown::{ShutdownGuard, must_shutdown};

struct Pool;

impl Pool {
    async fn close(&self) {}

    async fn close_mut(&mut self) {}

    fn stop(&self) {}
}

async fn generic<T: Send + Sync>(_value: &T) {}

async fn any(_value: impl Send) {}

/// Only `&mut Pool` is one.
trait Sink {}

impl Sink for &mut Pool {}

async fn sink(_sink: impl Sink) {}

fn as_ref<T: AsRef<str> + ?Sized>(_value: &T) {}

#[must_shutdown]
struct Runner {
    #[shutdown(with = Pool::close, request = Pool::stop)]
    by_ref: Pool,
    #[shutdown(with = Pool::close_mut)]
    by_mut: Pool,
    #[shutdown(with = Pool::close, request = Pool::stop)]
    arc: Arc<Pool>,
    #[shutdown(with = Pool::close_mut, force = drop)]
    boxed: Box<Pool>,
    #[shutdown(with = Pool::close)]
    twice: Box<Arc<Pool>>,
    #[shutdown(with = Pool::close)]
    borrowed: &'static Pool,
    #[shutdown(with = generic)]
    generic: Pool,
    #[shutdown(with = sink)]
    sink: Pool,
    #[shutdown(with = any, request = as_ref)]
    any: String,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let mut runner = Runner {
        by_ref: Pool,
        by_mut: Pool,
        arc: Arc::new(Pool),
        boxed: Box::new(Pool),
        twice: Box::new(Arc::new(Pool)),
        borrowed: &Pool,
        generic: Pool,
        sink: Pool,
        any: String::new(),
        guard: ShutdownGuard::new(),
    };
    assert!(runner.shutdown_blocking().unwrap().is_clean());
}
