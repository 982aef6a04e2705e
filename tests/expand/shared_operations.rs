#[must_shutdown(shared)]
struct Shared {
    #[shutdown(request = |worker| worker.stop(), with = async |worker| worker.join().await)]
    worker: Worker,
    #[shutdown(request = |sender| sender.send(()), force = |sender: &Option<Sender>| forget(sender))]
    sender: Option<Sender>,
    #[shutdown(request = Worker::stop)]
    path: Worker,
    guard: ShutdownGuard<Self>,
}
