//! A connection to this machine: std has no pair of sockets here, and CPython's `socketpair` is such a connection too.

use std::io::{self, Write as _};
use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::windows::io::{AsRawSocket as _, FromRawSocket as _, RawSocket};

use super::Number;

pub(super) type Stream = TcpStream;

pub(super) fn pair() -> io::Result<(Stream, Stream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let write = TcpStream::connect(listener.local_addr()?)?;
    let read = loop {
        let (read, peer) = listener.accept()?;
        // Another process may have been faster.
        if peer == write.local_addr()? {
            break read;
        }
    };
    write.set_nodelay(true)?;
    Ok((read, write))
}

pub(super) fn number(stream: &Stream) -> Number {
    // A handle fits into 32 bits.
    Number::try_from(stream.as_raw_socket()).unwrap_or(-1)
}

pub(super) fn duplicate(socket: Number) -> io::Result<Stream> {
    let stream = borrowed(socket).try_clone()?;
    // CPython's `socketpair` leaves Nagle's algorithm on, with which a byte waits for the answer to the one before.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// To sockets alone. CPython takes a descriptor of the C library's too; but to write into one that is closed ends the process
/// there, and one number may be either.
pub(super) fn send(to: Number, bytes: &[u8]) {
    let _ = borrowed(to).write(bytes);
}

/// A socket that is not ours to close. What is none is an error of whatever is called.
#[allow(unsafe_code, reason = "the caller has a number")]
fn borrowed(socket: Number) -> ManuallyDrop<Stream> {
    // SAFETY: it is not dropped, so it is not closed.
    ManuallyDrop::new(unsafe { TcpStream::from_raw_socket(socket as RawSocket) })
}
