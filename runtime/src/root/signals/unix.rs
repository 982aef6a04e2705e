//! SIGTERM and SIGINT.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both, from the moment it is made.
pub(in super::super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(in super::super) fn install() -> io::Result<Self> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The name and the number of the next one.
    pub(in super::super) async fn next(&mut self) -> (&'static str, u8) {
        poll_fn(|cx| {
            if self.terminate.poll_recv(cx).is_ready() {
                return Poll::Ready(("SIGTERM", 15));
            }
            self.interrupt.poll_recv(cx).map(|_| ("SIGINT", 2))
        })
        .await
    }
}

/// Ends the process at once. The handlers of `exit` are not run: one of them may wait for what is stuck.
#[allow(unsafe_code, reason = "std has no exit without handlers")]
pub(in super::super) fn exit(code: u8) -> ! {
    // SAFETY: it has no precondition.
    unsafe { libc::_exit(code.into()) }
}
