//! `socketpair`.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;

use super::Number;

pub(super) type Stream = UnixStream;

pub(super) fn pair() -> io::Result<(Stream, Stream)> {
    UnixStream::pair()
}

pub(super) fn number(stream: &Stream) -> Number {
    Number::from(stream.as_raw_fd())
}

#[allow(unsafe_code, reason = "the caller has a number")]
pub(super) fn duplicate(socket: Number) -> io::Result<Stream> {
    let number = descriptor(socket)?;
    // SAFETY: it is not -1. One that is not open is an error of the call.
    Ok(unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()?.into())
}

#[allow(unsafe_code, reason = "a descriptor that need not be open any more")]
pub(super) fn send(to: Number, bytes: &[u8]) {
    let Ok(to) = descriptor(to) else { return };
    // SAFETY: the buffer is as long as said. Without an owner of the descriptor nothing is written.
    unsafe {
        let sent = libc::send(to, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT);
        if sent < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ENOTSOCK) {
            let _ = libc::write(to, bytes.as_ptr().cast(), bytes.len());
        }
    }
}

fn descriptor(number: Number) -> io::Result<RawFd> {
    RawFd::try_from(number).ok().filter(|number| *number >= 0).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
