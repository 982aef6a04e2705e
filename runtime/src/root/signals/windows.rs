//! Ctrl-C and Ctrl-Break, and the end of the console, of the session and of the system.
//!
//! After the last three the system ends the process as soon as the handler returns, or after some seconds: tokio's handler
//! does not return.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use tokio::runtime::Handle;
use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

/// All of them, from the moment it is made.
pub(in super::super) struct Signals {
    interrupt: CtrlC,
    pause: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Signals {
    pub(in super::super) fn install() -> io::Result<Self> {
        Ok(Signals {
            interrupt: ctrl_c()?,
            pause: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// The name of the next one, and the number of the signal that it is nearest to.
    pub(in super::super) async fn next(&mut self) -> (&'static str, u8) {
        poll_fn(|cx| {
            if self.interrupt.poll_recv(cx).is_ready() {
                return Poll::Ready(("Ctrl-C", 2));
            }
            if self.pause.poll_recv(cx).is_ready() {
                return Poll::Ready(("Ctrl-Break", 2));
            }
            if self.close.poll_recv(cx).is_ready() {
                return Poll::Ready(("the end of the console", 15));
            }
            if self.logoff.poll_recv(cx).is_ready() {
                return Poll::Ready(("the end of the session", 15));
            }
            self.shutdown.poll_recv(cx).map(|_| ("the end of the system", 15))
        })
        .await
    }
}

/// There is no such signal.
pub(in super::super) fn dump_on_sigusr1(_runtime: &Handle) -> io::Result<()> {
    Ok(())
}

/// Ends the process at once. `ExitProcess` would wait for the loader lock, which a thread that is stuck may have, and would
/// call each DLL.
#[allow(unsafe_code, reason = "std has no such call")]
pub(in super::super) fn exit(code: u8) -> ! {
    // SAFETY: the pseudo handle is this process's, with all rights.
    unsafe { TerminateProcess(GetCurrentProcess(), code.into()) };
    // It returns only if it fails.
    std::process::exit(code.into())
}
