//! What wakes an event loop: a descriptor that it watches.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};

/// Readable from [`wake`](Self::wake) until [`clear`](Self::clear). Neither blocks.
#[derive(Debug)]
pub(crate) struct Wakeup {
    #[cfg(target_os = "linux")]
    event: std::os::fd::OwnedFd,
    #[cfg(not(target_os = "linux"))]
    pair: (std::os::unix::net::UnixStream, std::os::unix::net::UnixStream),
}

#[cfg(target_os = "linux")]
impl Wakeup {
    pub(crate) fn new() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Wakeup { event: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.event.as_fd().as_raw_fd()
    }

    pub(crate) fn wake(&self) {
        // It fails only when the counter is full, and then it is readable anyway.
        let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
    }

    pub(crate) fn clear(&self) {
        let _ = rustix::io::read(&self.event, &mut [0u8; 8]);
    }
}

#[cfg(not(target_os = "linux"))]
impl Wakeup {
    pub(crate) fn new() -> io::Result<Self> {
        let pair = std::os::unix::net::UnixStream::pair()?;
        pair.0.set_nonblocking(true)?;
        pair.1.set_nonblocking(true)?;
        Ok(Wakeup { pair })
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.pair.0.as_raw_fd()
    }

    pub(crate) fn wake(&self) {
        use std::io::Write as _;
        // It fails only when the buffer is full, and then the other end is readable anyway.
        let _ = (&self.pair.1).write(&[1]);
    }

    pub(crate) fn clear(&self) {
        use std::io::Read as _;
        while matches!((&self.pair.0).read(&mut [0u8; 64]), Ok(64)) {}
    }
}
