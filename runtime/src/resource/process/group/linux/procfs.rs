//! `/proc`: a process's state, and the id that was allocated last.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;

use crate::host::procfs::StatLine;

/// What `/proc/ID/stat` says of a process, or of a thread's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) pid: i32,
    pub(super) name: String,
    pub(super) parent: i32,
    pub(super) group: u32,
    /// All its threads have: of one whose main thread alone has ended `/proc` says that it is a zombie, too.
    pub(super) ended: bool,
    /// In clock ticks since boot. With the id it says which process this is.
    pub(super) started: u64,
    /// Its main thread has ended, others have not.
    pub(super) is_headless: bool,
    /// It begins with another program, whose environment is not in its place yet; or its memory is another user's.
    pub(super) is_between_programs: bool,
}

impl Stat {
    /// None if nobody has the id. An error if that is not known, because there is no descriptor left, say.
    pub(super) fn read(pid: i32) -> io::Result<Option<Self>> {
        let mut text = [0; 2048]; // 52 numbers and a name
        match File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read(&mut text)) {
            Ok(length) => Ok(Self::parse(pid, &String::from_utf8_lossy(&text[..length]))),
            // The second is that of a process that is reaped meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// None if nobody has the id, or who has it has ended, or may not be looked at. An error as [`known`] says.
    pub(super) fn of_alive(pid: i32) -> io::Result<Option<Self>> {
        Ok(known(Self::read(pid))?.flatten().filter(|stat| !stat.ended))
    }

    /// Whether it is the same process that has the id.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.pid, self.started) == (other.pid, other.started)
    }

    fn parse(pid: i32, line: &str) -> Option<Self> {
        let line = StatLine::parse(line)?;
        let (state, threads): (char, u32) = (line.field(3)?, line.field(20)?);
        // A zombie is a thread of its own process, until it was waited for.
        let ended = matches!(state, 'X' | 'x') || state == 'Z' && threads <= 1;
        let (memory, environment): (u64, u64) = (line.field(23)?, line.field(51)?);
        Some(Stat {
            pid,
            name: line.name.to_owned(),
            parent: line.field(4)?,
            group: line.field(5)?,
            ended,
            started: line.field(22)?,
            is_headless: state == 'Z' && !ended,
            is_between_programs: memory > 0 && environment == 0,
        })
    }

    #[cfg(test)]
    pub(super) fn for_test() -> Self {
        let (name, is_headless, is_between_programs) = ("test".to_owned(), false, false);
        Stat { pid: 0, name, parent: 0, group: 0, ended: false, started: 0, is_headless, is_between_programs }
    }
}

/// The id that was allocated last to a process or thread, and the one that none reaches. None where that is not told: under
/// `subset=pid`, or where a container has a `loadavg` of its own (lxcfs), whose last number is something else. An error as
/// [`known`] says.
pub(super) fn last_id() -> io::Result<Option<(i32, i32)>> {
    let Some(load) = known(kernels_own("/proc/loadavg"))?.flatten() else { return Ok(None) };
    let Some(end) = known(fs::read_to_string("/proc/sys/kernel/pid_max"))? else { return Ok(None) };
    let last = load.split_ascii_whitespace().last().and_then(|last| last.parse().ok());
    Ok(last.zip(end.trim().parse().ok()))
}

/// A file of `/proc`, if nothing else is mounted over it.
fn kernels_own(path: &str) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    if file.metadata()?.dev() != fs::metadata("/proc")?.dev() {
        return Ok(None);
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(Some(text))
}

/// What `/proc` says. It says nothing of who has ended, or may not be looked at. An error if it cannot be asked now, because
/// there is no descriptor or no memory left: who is not found for that is not gone.
pub(super) fn known<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(said) => Ok(Some(said)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM)) => Err(error),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_ended_when_all_its_threads_have() {
        let zeroes = "0 ".repeat(30);
        let line = |state, threads| {
            format!("12 (a name) {state} 7 11 12 0 -1 1 2 3 4 5 6 7 8 9 20 0 {threads} 0 98765 {zeroes}")
        };
        let stat = Stat::parse(12, &line("S", 3)).unwrap();
        assert_eq!((stat.name.as_str(), stat.parent, stat.group), ("a name", 7, 11));
        assert_eq!((stat.started, stat.ended), (98765, false));
        assert!(Stat::parse(12, &line("Z", 1)).unwrap().ended);
        assert!(!Stat::parse(12, &line("Z", 2)).unwrap().ended, "its other thread runs");
    }

    #[test]
    fn the_last_id_is_that_of_the_last_thread() {
        assert!(Stat::of_alive(std::process::id().cast_signed()).unwrap().is_some());
        let (before, end) = last_id().unwrap().unwrap();
        std::thread::spawn(|| ()).join().unwrap();
        let (after, _) = last_id().unwrap().unwrap();
        assert!(before != after && after < end);
        assert_eq!(Stat::of_alive(end).unwrap(), None);
    }

    #[test]
    fn a_shortage_is_not_taken_for_an_end() {
        let read = |error| known::<()>(Err(io::Error::from_raw_os_error(error)));
        for ended_or_forbidden in [libc::ENOENT, libc::ESRCH, libc::EACCES, libc::EPERM] {
            assert_eq!(read(ended_or_forbidden).unwrap(), None);
        }
        for shortage in [libc::EMFILE, libc::ENFILE, libc::ENOMEM] {
            assert_eq!(read(shortage).unwrap_err().raw_os_error(), Some(shortage));
        }
    }
}
