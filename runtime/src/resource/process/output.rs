//! What a child writes, and nobody reads.
//!
//! A child that writes into a pipe of which nobody reads stops when that is full, and does not end. So once it was requested
//! to stop, its wait reads what nobody has taken, and keeps the last line of its error output alone. The end of the child
//! is what ends the wait, never the end of its output: a process that has left with the pipe keeps that open.

use std::collections::VecDeque;
use std::future::poll_fn;
#[cfg(unix)]
use std::os::fd::AsFd;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use process_wrap::tokio::ChildWrapper;
#[cfg(unix)]
use rustix::io::Errno;
use tokio::io::{AsyncRead, ReadBuf};
#[cfg(unix)]
use tokio::net::unix::pipe::Receiver;
use tokio::process::{ChildStderr, ChildStdout};

/// How many bytes of the error output are kept.
const KEPT: usize = 512;

/// The most that a pipe has, in bytes, without privileges (`/proc/sys/fs/pipe-max-size`).
#[cfg(unix)]
const REST: usize = 1 << 20;

/// How often a poll reads from a stream that always has more.
const READS: usize = 16;

/// The output that nobody has taken.
#[derive(Default)]
pub(super) struct Output {
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
    last: Last,
}

impl Output {
    /// What nobody has taken by now.
    pub(super) fn take(&mut self, child: &mut dyn ChildWrapper) {
        self.out = self.out.take().or_else(|| child.stdout().take());
        self.err = self.err.take().or_else(|| child.stderr().take());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.out.is_none() && self.err.is_none()
    }

    /// Reads until the other future is ready.
    ///
    /// # Panics
    ///
    /// On Windows, outside a tokio runtime.
    pub(super) async fn read_during<R>(&mut self, other: impl Future<Output = R>) -> R {
        let result = read_during(&mut self.out, &mut self.err, &mut self.last, other).await;
        #[cfg(unix)]
        rest_of(&self.err, |bytes| self.last.add(bytes));
        result
    }

    /// As [`read_during`](Self::read_during), in a runtime that is another than that of the child.
    #[cfg(windows)] // where a stream belongs to none
    pub(super) async fn read_elsewhere_during<R>(&mut self, other: impl Future<Output = R>) -> R {
        self.read_during(other).await
    }

    /// As [`read_during`](Self::read_during), in a runtime that is another than that of the child.
    #[cfg(unix)]
    pub(super) async fn read_elsewhere_during<R>(&mut self, other: impl Future<Output = R>) -> R {
        let mut out = self.out.take().and_then(|out| Receiver::from_owned_fd(out.into_owned_fd().ok()?).ok());
        let mut err = self.err.take().and_then(|err| Receiver::from_owned_fd(err.into_owned_fd().ok()?).ok());
        let result = read_during(&mut out, &mut err, &mut self.last, other).await;
        rest_of(&err, |bytes| self.last.add(bytes));
        result
    }

    /// For the report: the last line of the error output that was read.
    pub(super) fn last_line(&self) -> Option<String> {
        self.last.line()
    }
}

async fn read_during<R>(
    out: &mut Option<impl AsyncRead + Unpin>,
    err: &mut Option<impl AsyncRead + Unpin>,
    last: &mut Last,
    other: impl Future<Output = R>,
) -> R {
    let mut other = pin!(other);
    poll_fn(|cx| {
        let ended = other.as_mut().poll(cx);
        read(out, cx, |_| ());
        read(err, cx, |bytes| last.add(bytes));
        ended
    })
    .await
}

/// What was written before the end is in the pipe when the end is known, and the runtime may not have looked at the pipe since.
/// Another process may have the pipe too, and write all the time: a pipe has at most [`REST`] bytes.
#[cfg(unix)]
fn rest_of(stream: &Option<impl AsFd>, mut take: impl FnMut(&[u8])) {
    let mut bytes = [0; 4096];
    for _ in 0..REST / bytes.len() {
        match stream.as_ref().map(|open| rustix::io::read(open, &mut bytes)) {
            Some(Ok(length @ 1..)) => take(&bytes[..length]),
            Some(Err(Errno::INTR)) => {}
            _ => return, // its end, nothing for now, or an error, which nobody has asked for
        }
    }
}

/// Reads what there is, and drops a stream that has ended.
fn read(stream: &mut Option<impl AsyncRead + Unpin>, cx: &mut Context<'_>, mut take: impl FnMut(&[u8])) {
    let mut bytes = [0; 4096];
    for _ in 0..READS {
        let Some(open) = stream else { return };
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(open).poll_read(cx, &mut buffer) {
            Poll::Pending => return,
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => take(buffer.filled()),
            Poll::Ready(_) => *stream = None,
        }
    }
    if stream.is_some() {
        cx.waker().wake_by_ref();
    }
}

/// The last bytes of a stream.
#[derive(Default)]
struct Last(VecDeque<u8>);

impl Last {
    fn add(&mut self, bytes: &[u8]) {
        self.0.extend(&bytes[bytes.len().saturating_sub(KEPT)..]);
        let over = self.0.len().saturating_sub(KEPT);
        self.0.drain(..over);
    }

    fn line(&self) -> Option<String> {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end().rsplit(['\n', '\r']).next()?.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use super::*;

    #[test]
    fn of_what_was_written_the_last_line_is_kept() {
        let mut last = Last::default();
        assert_eq!(last.line(), None);
        last.add(b"one\ntwo\n\n");
        assert_eq!(last.line().as_deref(), Some("two"));
        last.add(&[b'x'; 3 * KEPT]);
        assert_eq!(last.line().map(|line| line.len()), Some(KEPT));
        last.add(b"\nthree");
        assert_eq!(last.line().as_deref(), Some("three"));
        assert_eq!(last.0.len(), KEPT);
    }

    /// One that never ends, and always has more.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
            buf.put_slice(b"more\n");
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn the_end_of_the_other_is_the_end() {
        let (mut out, mut err, mut last) = (Some(Endless), Some(Endless), Last::default());
        read_during(&mut out, &mut err, &mut last, tokio::task::yield_now()).await;
        assert!(out.is_some() && last.line().as_deref() == Some("more"));
    }
}
