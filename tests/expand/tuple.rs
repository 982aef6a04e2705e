#[must_shutdown]
pub struct Pair(#[shutdown] Tasks, #[shutdown(after = 0, request = Worker::stop)] Worker, u32, ShutdownGuard<Self>);
