//! Two connected sockets: what is sent by the one makes the other readable. For those who wait for sockets only: Python's
//! signals, and event loops.
//!
//! | | the pair |
//! |---|---|
//! | Unix | `socketpair` |
//! | Windows | the two ends of a connection to this machine |

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io::{self, Read as _};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

#[cfg(unix)]
use unix as host;
#[cfg(windows)]
use windows as host;

/// What Python calls a socket by: its descriptor, or its handle on Windows.
pub(crate) type Number = i64;

/// So long a wait takes at most: not every system takes any timeout.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Both ends. Neither blocks but in [`wait`](Self::wait).
#[derive(Debug)]
pub(crate) struct Sockets {
    read: host::Stream,
    write: Sender,
}

impl Sockets {
    pub(crate) fn new() -> io::Result<Self> {
        let (read, write) = host::pair()?;
        read.set_nonblocking(true)?;
        Ok(Sockets { read, write: Sender::new(write)? })
    }

    /// What becomes readable.
    #[cfg_attr(target_os = "linux", allow(dead_code, reason = "there is an eventfd"))]
    pub(crate) fn reader(&self) -> Number {
        host::number(&self.read)
    }

    /// What is sent by.
    pub(crate) fn sender(&self) -> &Sender {
        &self.write
    }

    /// Takes what has come in.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut taken = Vec::new();
        let mut buffer = [0; 64];
        while let Ok(count) = (&self.read).read(&mut buffer) {
            taken.extend_from_slice(&buffer[..count]);
            if count < buffer.len() {
                break;
            }
        }
        taken
    }

    /// Blocks until something has come in, for `timeout` at most, or a day; or less, if a signal comes.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let timeout = timeout.map(|timeout| timeout.min(LONGEST)).and_then(|timeout| Timespec::try_from(timeout).ok());
        let _ = poll(&mut [PollFd::new(&self.read, PollFlags::IN)], timeout.as_ref());
    }
}

/// The end that sends. It never blocks.
#[derive(Debug)]
pub(crate) struct Sender(host::Stream);

impl Sender {
    fn new(stream: host::Stream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Sender(stream))
    }

    /// One that sends by a socket of somebody else's, who may close it.
    ///
    /// # Errors
    ///
    /// If the number is no socket's, or there is no descriptor left.
    pub(crate) fn duplicate(socket: Number) -> io::Result<Self> {
        Sender::new(host::duplicate(socket)?)
    }

    /// Sends a byte. If there is no room the other end is readable anyway; if that is gone nobody waits.
    pub(crate) fn send(&self, byte: u8) {
        send(host::number(&self.0), &[byte]);
    }

    pub(crate) fn number(&self) -> Number {
        host::number(&self.0)
    }
}

/// Sends by a socket of somebody else's, who may have closed it, without blocking or a SIGPIPE; on Unix also by a pipe.
pub(crate) fn send(to: Number, bytes: &[u8]) {
    host::send(to, bytes);
}
