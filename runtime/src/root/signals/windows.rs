//! Ctrl-C and Ctrl-Break, and the end of the console, of the session and of the system.
//!
//! After the last three the system ends the process as soon as the handler returns, or after some seconds: tokio's handler
//! does not return.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

use super::super::control::Signal;

/// Windows ends a process 5 s after its console or session (`SPI_GETHUNGAPPTIMEOUT`). What is left of it is for the report.
const WITHIN: Duration = Duration::from_secs(3);

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

    /// The next one, with the number of the signal that it is nearest to.
    pub(in super::super) async fn next(&mut self) -> Signal {
        let asks = |name| Signal { name, number: 2, within: None };
        let ends = |name| Signal { name, number: 15, within: Some(WITHIN) };
        poll_fn(|cx| {
            if self.interrupt.poll_recv(cx).is_ready() {
                return Poll::Ready(asks("Ctrl-C"));
            }
            if self.pause.poll_recv(cx).is_ready() {
                return Poll::Ready(asks("Ctrl-Break"));
            }
            if self.close.poll_recv(cx).is_ready() {
                return Poll::Ready(ends("the end of the console"));
            }
            if self.logoff.poll_recv(cx).is_ready() {
                return Poll::Ready(ends("the end of the session"));
            }
            self.shutdown.poll_recv(cx).map(|_| ends("the end of the system"))
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
