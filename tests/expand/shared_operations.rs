#[must_shutdown(shared)]
struct Shared {
    #[shutdown(ask = |worker| worker.stop(), with = async |worker| worker.join().await)]
    worker: Worker,
    #[shutdown(ask = |sender| sender.send(()), force = |sender: &Option<Sender>| forget(sender))]
    sender: Option<Sender>,
    #[shutdown(ask = Worker::stop)]
    path: Worker,
    guard: ShutdownGuard<Self>,
}
