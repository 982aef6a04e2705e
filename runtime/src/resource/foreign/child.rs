//! Bare child processes, of tokio and of std. A child that has children of its own is better a `Process`.

use std::io;
use std::process::ExitStatus;

#[cfg(feature = "process")]
use crate::driver::Driver;
use crate::resource::joiner::{Joiner, Watched, wait_exit};
use crate::teardown::{Ended, Failure, Outcome, Progress, Teardown, Wait, Watch};

/// Asked by SIGTERM; forced by SIGKILL; reaped. The exit status is in the report, whatever it is. Feature `process`.
///
/// Windows has no signal for one process alone. There it is asked by the end of its standard input, if that was piped and
/// not taken, and forced by `TerminateProcess`; [`Process`](crate::Process) can be asked otherwise.
#[cfg(feature = "process")]
impl Teardown for tokio::process::Child {
    fn request(&mut self, progress: &mut Progress) {
        // The id is there until the child was reaped, so it is still its own.
        if let Some(id) = self.id() {
            request(id, &mut self.stdin, progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            // As a `Process`: without anybody to turn the runtime's drivers a thread waits. On Windows the system's does.
            #[cfg(unix)]
            if let Some(id) = self.id().filter(|_| !progress.driver.as_ref().is_some_and(|driver| driver.is_turned())) {
                if let Err(outcome) = exited(Ok(id), progress).await {
                    return outcome;
                }
                let ended = self.try_wait().and_then(|status| status.ok_or_else(|| io::Error::other("it still runs")));
                return reaped(ended, progress);
            }
            let ended = tokio::process::Child::wait(self).await;
            reaped(ended, progress)
        })
    }

    /// As of a [`Process`](crate::Process): another status than success is a failure.
    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move {
            // A driver is what says that this runs in the runtime that is around.
            progress.driver.get_or_insert_with(Driver::asynchronous);
            let outcome = {
                let open = InputOpen { input: self.stdin.take(), child: self };
                Teardown::wait(&mut *open.child, progress).await
            };
            unasked(outcome, self.try_wait(), progress)
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        forced(progress);
        if let Err(error) = self.start_kill() {
            progress.fail(error);
        }
    }
}

/// A child that is watched, without its standard input: tokio's `Child::wait` would close that first, and a child that
/// nobody has asked to end still reads it. It is put back when this is dropped.
#[cfg(feature = "process")]
struct InputOpen<'a> {
    child: &'a mut tokio::process::Child,
    input: Option<tokio::process::ChildStdin>,
}

#[cfg(feature = "process")]
impl Drop for InputOpen<'_> {
    fn drop(&mut self) {
        self.child.stdin = self.input.take();
    }
}

/// As tokio's. std has no event for the end of a child, so a thread waits for it; it is reaped here.
impl Teardown for std::process::Child {
    fn request(&mut self, progress: &mut Progress) {
        // `try_wait` reaps, and remembers that it did: a child that it says is running still has its id.
        if matches!(self.try_wait(), Ok(None)) {
            request(self.id(), &mut self.stdin, progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            if !matches!(self.try_wait(), Ok(Some(_)))
                && let Err(outcome) = exited(watched(self), progress).await
            {
                return outcome;
            }
            // It has ended, so this does not block.
            reaped(std::process::Child::wait(self), progress)
        })
    }

    /// As tokio's.
    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move {
            let outcome = Teardown::wait(self, progress).await;
            unasked(outcome, self.try_wait(), progress)
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        forced(progress);
        if let Err(error) = self.kill() {
            progress.fail(error);
        }
    }
}

/// Waits on a thread until the child has ended, and leaves it to be reaped. The error is what became of the step.
async fn exited(child: io::Result<Watched>, progress: &mut Progress) -> Result<(), Outcome> {
    let name = progress.name().to_owned();
    match progress.keep(|| Joiner::spawn(&name, move || wait_exit(child?))).wait().await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Outcome::from_result(Err::<(), _>(error))),
        Err(payload) => Err(Outcome::from_panic(&*payload)),
    }
}

fn reaped(ended: io::Result<ExitStatus>, progress: &mut Progress) -> Outcome {
    match ended {
        Ok(status) => {
            progress.detail(status.to_string());
            Outcome::Stopped
        }
        Err(error) => Outcome::from_result(Err::<(), _>(error)),
    }
}

/// What a child that nobody has asked to end ended as; none if it could not be watched.
fn unasked(outcome: Outcome, status: io::Result<Option<ExitStatus>>, progress: &mut Progress) -> Option<Ended> {
    if !outcome.is_stopped() {
        progress.unwatched(&outcome.to_string());
        return None;
    }
    Some(Ended::whole(match status {
        Ok(Some(status)) if !status.success() => {
            Outcome::Failed(Failure::new(format!("a child process ended: {status}")))
        }
        _ => outcome,
    }))
}

#[cfg(unix)]
fn watched(child: &std::process::Child) -> io::Result<Watched> {
    Ok(child.id())
}

#[cfg(windows)]
fn watched(child: &std::process::Child) -> io::Result<Watched> {
    std::os::windows::io::AsHandle::as_handle(child).try_clone_to_owned()
}

#[cfg(unix)]
#[allow(unsafe_code, reason = "std cannot send SIGTERM")]
fn request<I>(id: u32, _input: &mut Option<I>, progress: &mut Progress) {
    let Ok(pid) = libc::pid_t::try_from(id) else { return progress.fail(format!("{id} is no process id")) };
    // SAFETY: `kill` takes no pointers, and the caller knows that the process was not reaped.
    if unsafe { libc::kill(pid, libc::SIGTERM) } != 0 {
        progress.fail(io::Error::last_os_error());
    }
}

#[cfg(windows)]
fn request<I>(_id: u32, input: &mut Option<I>, _progress: &mut Progress) {
    drop(input.take());
}

/// What to know of one that has to be forced.
fn forced(progress: &mut Progress) {
    if cfg!(windows) {
        progress.detail("asked by the end of its standard input alone");
    }
}
