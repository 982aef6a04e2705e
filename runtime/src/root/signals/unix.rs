//! SIGTERM and SIGINT; SIGUSR1, if a root wants it.

use std::future::poll_fn;
use std::io;
use std::sync::Mutex;
use std::task::Poll;

use tokio::runtime::Handle;
use tokio::signal::unix::{self, SignalKind, signal};

use super::super::control::Signal;
use crate::sync::lock;

/// Both, from the moment it is made.
pub(in super::super) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Signals {
    pub(in super::super) fn install() -> io::Result<Self> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next one.
    pub(in super::super) async fn next(&mut self) -> Signal {
        let signal = |name, number| Signal { name, number, within: None };
        poll_fn(|cx| {
            if self.terminate.poll_recv(cx).is_ready() {
                return Poll::Ready(signal("SIGTERM", 15));
            }
            self.interrupt.poll_recv(cx).map(|_| signal("SIGINT", 2))
        })
        .await
    }
}

/// Has SIGUSR1 print what is alive, from its return on. On a thread of the runtime's that may block: the signals' thread goes
/// on, and those that come meanwhile are one.
pub(in super::super) fn dump_on_sigusr1(runtime: &Handle) -> io::Result<()> {
    static IS_INSTALLED: Mutex<bool> = Mutex::new(false);
    let mut is_installed = lock(&IS_INSTALLED);
    if !*is_installed {
        let _within = runtime.enter();
        let mut signals = signal(SignalKind::user_defined1())?;
        runtime.spawn(async move {
            while signals.recv().await.is_some() {
                // A panic is that of a name of the user's, and ends one table.
                let _ = tokio::task::spawn_blocking(super::dump).await;
            }
        });
        *is_installed = true;
    }
    Ok(())
}

/// Ends the process at once. The handlers of `exit` are not run: one of them may wait for what is stuck.
#[allow(unsafe_code, reason = "std has no exit without handlers")]
pub(in super::super) fn exit(code: u8) -> ! {
    // SAFETY: it has no precondition.
    unsafe { libc::_exit(code.into()) }
}
