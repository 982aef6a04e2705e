#[must_shutdown]
pub struct Pair(#[shutdown] Tasks, #[shutdown(after = 0, ask = Worker::stop)] Worker, u32, ShutdownGuard<Self>);
