//! Bare child processes, of tokio and of std. A child that has children of its own is better a `Process`.

use std::io;
use std::process::ExitStatus;

use crate::resource::joiner::{Joiner, wait_exit};
use crate::teardown::{Memo, Outcome, Teardown, Wait};

/// Asked by SIGTERM; forced by SIGKILL; reaped. The exit status is in the report, whatever it is.
#[cfg(feature = "tokio")]
impl Teardown for tokio::process::Child {
    fn request(&mut self, memo: &mut Memo) {
        // The id is there until the child was reaped, so it is still its own.
        if let Some(id) = self.id() {
            terminate(id, memo);
        }
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            // As a `Process`: without anybody to turn the runtime's drivers a thread waits.
            if let Some(id) = self.id().filter(|_| !memo.drive.as_ref().is_some_and(|drive| drive.is_turned())) {
                if let Err(outcome) = exited(id, memo).await {
                    return outcome;
                }
                let ended = self.try_wait().and_then(|status| status.ok_or_else(|| io::Error::other("it still runs")));
                return reaped(ended, memo);
            }
            let ended = tokio::process::Child::wait(self).await;
            reaped(ended, memo)
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        if let Err(error) = self.start_kill() {
            memo.fail(error);
        }
    }
}

/// As tokio's. std has no event for the end of a child, so a thread waits for it; it is reaped here.
impl Teardown for std::process::Child {
    fn request(&mut self, memo: &mut Memo) {
        // `try_wait` reaps, and remembers that it did: a child that it says is running still has its id.
        if matches!(self.try_wait(), Ok(None)) {
            terminate(self.id(), memo);
        }
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            if !matches!(self.try_wait(), Ok(Some(_)))
                && let Err(outcome) = exited(self.id(), memo).await
            {
                return outcome;
            }
            // It has ended, so this does not block.
            reaped(std::process::Child::wait(self), memo)
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        if let Err(error) = self.kill() {
            memo.fail(error);
        }
    }
}

/// Waits on a thread until the child has ended, and leaves it to be reaped. The error is what became of the step.
async fn exited(id: u32, memo: &mut Memo) -> Result<(), Outcome> {
    let name = memo.name().to_owned();
    match memo.keep(|| Joiner::spawn(&name, move || wait_exit(id))).wait().await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Outcome::from_result(Err::<(), _>(error))),
        Err(payload) => Err(Outcome::from_panic(&*payload)),
    }
}

fn reaped(ended: io::Result<ExitStatus>, memo: &mut Memo) -> Outcome {
    match ended {
        Ok(status) => {
            memo.detail(status.to_string());
            Outcome::Stopped
        }
        Err(error) => Outcome::from_result(Err::<(), _>(error)),
    }
}

#[allow(unsafe_code, reason = "std cannot send SIGTERM")]
fn terminate(id: u32, memo: &mut Memo) {
    let Ok(pid) = libc::pid_t::try_from(id) else { return memo.fail(format!("{id} is no process id")) };
    // SAFETY: `kill` takes no pointers, and the caller knows that the process was not reaped.
    if unsafe { libc::kill(pid, libc::SIGTERM) } != 0 {
        memo.fail(io::Error::last_os_error());
    }
}
