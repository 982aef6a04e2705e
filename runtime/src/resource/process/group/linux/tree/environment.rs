//! The variable that says of which trees a process is.

use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use tokio::process::Command;

use super::super::procfs::{Stat, known};

/// The ids of all trees that a process is in, separated by colons: in a tree another one may be started.
const VARIABLE: &str = "SUNDOWN_TREE";

/// How long one look waits in all for processes that are between two programs. That takes microseconds, and longer where they
/// wait for a processor.
const PATIENCE: Duration = Duration::from_millis(10);

/// What a look has left to wait for processes that are between two programs.
pub(super) struct Patience {
    left: Duration,
}

impl Patience {
    /// For a look that says whether a tree has ended.
    pub(super) fn new() -> Self {
        Patience { left: PATIENCE }
    }

    /// For a look that another one follows: it waits for nobody.
    pub(super) fn none() -> Self {
        Patience { left: Duration::ZERO }
    }

    /// Lets others run. False if the time is up.
    fn wait(&mut self) -> bool {
        if self.left.is_zero() {
            return false;
        }
        let begun = Instant::now();
        thread::yield_now();
        self.left = self.left.saturating_sub(begun.elapsed());
        true
    }
}

/// Gives `command` the id of a new tree, beside those that this process is in.
pub(super) fn mark(command: &mut Command) -> String {
    let id = new_id();
    let mut value =
        std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map_or_else(OsString::new, |mut outer| {
            outer.push(":");
            outer
        });
    value.push(&id);
    command.env(VARIABLE, value);
    id
}

/// What no other tree has, of this process or another, after a fork either.
fn new_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut random = RandomState::new().build_hasher();
    random.write_u32(std::process::id());
    random.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    let first = random.finish();
    random.write_u64(first);
    format!("{first:016x}{:016x}", random.finish())
}

/// The ids of the trees that a process is in; none if it has none, or nobody may see them. An error as [`known`] says.
pub(super) fn trees_of(stat: &Stat, patience: &mut Patience) -> io::Result<Option<String>> {
    let mut now = stat.clone();
    loop {
        let environment = if now.is_headless { of_a_thread(now.pid) } else { read(&format!("/proc/{}", now.pid)) };
        let Some(environment) = environment? else { return Ok(None) };
        // While it begins with another program it has none for a moment.
        if !environment.is_empty() || !now.is_between_programs {
            return Ok(value(&environment));
        }
        if !patience.wait() {
            return Ok(None);
        }
        let Some(later) = Stat::of_alive(now.pid)? else { return Ok(None) };
        now = later;
    }
}

fn read(process: &str) -> io::Result<Option<Vec<u8>>> {
    known(fs::read(format!("{process}/environ")))
}

/// Of one whose main thread has ended: that has no memory any more.
fn of_a_thread(pid: i32) -> io::Result<Option<Vec<u8>>> {
    for thread in known(fs::read_dir(format!("/proc/{pid}/task")))?.into_iter().flatten().flatten() {
        let environment = read(&thread.path().to_string_lossy())?;
        if environment.as_ref().is_some_and(|environment| !environment.is_empty()) {
            return Ok(environment);
        }
    }
    Ok(None)
}

fn value(environment: &[u8]) -> Option<String> {
    let variable = |entry: &[u8]| Some(entry.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?.to_owned());
    let value = environment.split(|byte| *byte == 0).find_map(variable)?;
    String::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_found_by_its_whole_name() {
        assert_eq!(value(b"A=1\0SUNDOWN_TREE=1:2\0B=3\0").as_deref(), Some("1:2"));
        assert_eq!(value(b"NO_SUNDOWN_TREE=1\0SUNDOWN_TREES=1\0A=SUNDOWN_TREE=1\0"), None);
        assert_eq!(value(b""), None);
    }

    #[test]
    fn no_two_ids_are_the_same() {
        let ids: std::collections::HashSet<_> = (0..100).map(|_| new_id()).collect();
        assert!(ids.len() == 100 && ids.iter().all(|id| id.len() == 32));
    }

    #[tokio::test]
    async fn a_child_has_it_also_without_the_rest_of_the_environment() {
        let mut command = Command::new("sleep");
        let path = std::env::var_os("PATH").unwrap();
        let id = mark(command.arg("60").env_clear().env("PATH", path).kill_on_drop(true));
        let child = command.spawn().unwrap();
        let stat = Stat::of_alive(child.id().unwrap().cast_signed()).unwrap().unwrap();
        assert_eq!(trees_of(&stat, &mut Patience::new()).unwrap().unwrap().rsplit(':').next(), Some(&*id));
    }
}
