//! Who is stopped together with a child, and when all of them have ended.
//!
//! | | who | of a tree | what tells that one has ended |
//! |---|---|---|---|
//! | Linux | a process group | all that descend from the child, but for what `linux/tree.rs` says | a pidfd (Linux 5.3) |
//! | macOS, FreeBSD | a process group | the same | `EVFILT_PROC` of a kqueue |
//! | Windows | a job | the same, and none leaves it | the handle of the process |
//!
//! The leader is our child, and nobody else gets its id until we reap it: so the id of a group is the group's own for as long
//! as these functions are used. The others are children of others. A zombie has ended; its own parent, or init, reaps it.

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
mod kqueue;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
mod queue;
#[cfg(unix)]
mod running;
#[cfg(unix)]
mod timer;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;

use tokio::task::yield_now;

#[cfg(unix)]
pub(super) use self::unix::Group;
#[cfg(windows)]
pub(super) use self::windows::Group;

impl Group {
    /// Ready when all of them have ended.
    ///
    /// `is_ours` says whether the leader was not reaped yet: another handle of it may do so meanwhile.
    pub(super) async fn ended(&self, is_ours: impl Fn() -> bool) -> io::Result<()> {
        // A process that is there may start others before it ends: look again until nobody is left.
        loop {
            let asked = self.ask();
            yield_now().await; // the others of this task ask too, and on Linux one look is for all of them
            if !is_ours() {
                break; // its id may be a stranger's by now
            }
            let Some(running) = self.running(&asked)? else { break };
            for process in running {
                process.over().await?;
            }
        }
        Ok(())
    }

    /// As [`ended`](Self::ended), blocking this thread.
    pub(super) fn ended_blocking(&self, is_ours: impl Fn() -> bool) -> io::Result<()> {
        while is_ours() {
            let Some(running) = self.running(&self.ask())? else { break };
            for process in running {
                process.over_blocking()?;
            }
        }
        Ok(())
    }
}

/// As a report names a process.
fn named(name: &str, id: impl std::fmt::Display) -> String {
    format!("`{name}` ({id})")
}

/// As a report names several; none if there are none.
fn listed(named: impl Iterator<Item = String>) -> Option<String> {
    let names: Vec<_> = named.collect();
    (!names.is_empty()).then(|| names.join(", "))
}
