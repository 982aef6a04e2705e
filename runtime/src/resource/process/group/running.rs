//! A process that runs, by a descriptor that is readable when it has ended.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A process that had not ended.
pub(super) struct Running {
    /// Readable when it has.
    end: OwnedFd,
}

impl Running {
    /// None, if it has ended.
    pub(super) fn new(end: OwnedFd) -> io::Result<Option<Self>> {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let ended = poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&now))? > 0;
        Ok((!ended).then_some(Running { end }))
    }

    pub(super) async fn ended(self) -> io::Result<()> {
        watch(self.end)?.readable().await.map(drop)
    }

    pub(super) fn ended_blocking(self) -> io::Result<()> {
        loop {
            match poll(&mut [PollFd::new(&self.end, PollFlags::IN)], None) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(()),
            }
        }
    }
}

#[allow(
    unsafe_code,
    reason = "tokio's safe constructor is deprecated as unsound for types that do not own their descriptor"
)]
fn watch(end: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` has one descriptor, which it keeps open until it is dropped, and `AsyncFd` deregisters before
    // it drops what it owns.
    Ok(unsafe { AsyncFd::register_with_interest(end, Interest::READABLE) }?)
}
