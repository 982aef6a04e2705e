use sundown::{ShutdownGuard, must_shutdown};

struct Device;

impl Device {
    async fn close(&self) {}
}

#[must_shutdown(manual)]
struct Owner {
    #[shutdown(with = Device::close, request = |_| (), force = drop)]
    device: Device,
    guard: ShutdownGuard<Self>,
}

fn main() {}
