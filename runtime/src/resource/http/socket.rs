//! The stream of a connection, which ends with the connection's task wherever it is.
//!
//! Hyper owns the stream, and gives it away when the connection is upgraded. The task of the connection goes on until it is
//! dropped, and when the task is aborted, the stream returns errors.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

/// The stream.
pub(super) struct Socket<T> {
    /// None once it was aborted.
    stream: Option<T>,
    aborted: CancellationToken,
    /// Those who read and those who write may be two tasks.
    reading: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    writing: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Last, so that the stream is gone when this says so.
    _dropped: DropGuard,
}

/// What its task has of it. Dropped, it aborts the stream.
pub(super) struct Hold {
    dropped: CancellationToken,
    _abort: DropGuard,
}

impl Hold {
    /// Ready when the stream was dropped.
    pub(super) async fn dropped(&self) {
        self.dropped.cancelled().await;
    }
}

impl<T> Socket<T> {
    pub(super) fn new(stream: T) -> (Self, Hold) {
        let (aborted, dropped) = (CancellationToken::new(), CancellationToken::new());
        let hold = Hold { dropped: dropped.clone(), _abort: aborted.clone().drop_guard() };
        let dropped = dropped.drop_guard();
        (Socket { stream: Some(stream), aborted, reading: None, writing: None, _dropped: dropped }, hold)
    }
}

/// Polls the stream, unless it was aborted; else the caller is woken when it is.
macro_rules! poll {
    ($socket:ident, $waiting:ident, $cx:ident, $poll:expr) => {{
        let this = &mut *$socket;
        if this.aborted.is_cancelled() {
            drop(this.stream.take());
        }
        let Some(stream) = &mut this.stream else { return Poll::Ready(Err(aborted())) };
        let poll: Poll<io::Result<_>> = $poll(Pin::new(stream), $cx);
        if poll.is_pending() {
            let waiting = this.$waiting.get_or_insert_with(|| Box::pin(this.aborted.clone().cancelled_owned()));
            if waiting.as_mut().poll($cx).is_ready() {
                drop(this.stream.take());
                return Poll::Ready(Err(aborted()));
            }
        }
        poll
    }};
}

fn aborted() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the server has aborted the connection")
}

impl<T: AsyncRead + Unpin> AsyncRead for Socket<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        poll!(self, reading, cx, |stream: Pin<&mut T>, cx: &mut Context<'_>| stream.poll_read(cx, buf))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Socket<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        poll!(self, writing, cx, |stream: Pin<&mut T>, cx: &mut Context<'_>| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll!(self, writing, cx, |stream: Pin<&mut T>, cx: &mut Context<'_>| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(T::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll!(self, writing, cx, |stream: Pin<&mut T>, cx: &mut Context<'_>| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll!(self, writing, cx, |stream: Pin<&mut T>, cx: &mut Context<'_>| stream.poll_shutdown(cx))
    }
}
