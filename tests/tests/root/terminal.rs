//! What a root draws on a terminal while it shuts down: a real one, with somebody who reads what is on its screen.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use libc::{SIGINT, SIGTERM};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use sundown_tests::GENEROUS;

use super::send::send;

const ROWS: NonZero<u16> = NonZero::new(30).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(120).unwrap();

/// A service whose standard error is a terminal. Killed when the test fails.
struct OnTerminal {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What it writes.
    written: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl OnTerminal {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (mut ours, theirs) = open().expect("a terminal");
        let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
        command.args(arguments).env_remove("CI").env_remove("NO_COLOR").env("TERM", "xterm");
        command.envs(environment.iter().copied()).env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(theirs);
        let mut child = command.spawn().expect("the service starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        drop(command); // it has the other side, too
        let (writes, written) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                match ours.read(&mut bytes) {
                    Ok(length) if length > 0 => drop(writes.send(bytes[..length].to_vec())),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // Nobody has the other side any more.
                    _ => return,
                }
            }
        });
        OnTerminal { child, output, written, screen: vt100::Parser::new(ROWS, COLUMNS, 0) }
    }

    /// Waits for a line of its output.
    #[track_caller]
    fn says(&mut self, expected: &str) {
        let mut lines = self.output.by_ref().lines().map(|line| line.expect("its output can be read"));
        assert!(lines.any(|line| line == expected), "it ended without `{expected}`\n{}", self.text());
    }

    /// Waits until its screen is so. Returns it.
    #[track_caller]
    fn until(&mut self, is_so: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if is_so(&text) {
                return text;
            }
            match self.written.recv_timeout(GENEROUS.saturating_sub(begun.elapsed())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(error) => panic!("{error}\n{text}"),
            }
        }
    }

    /// Its rows.
    fn text(&self) -> String {
        let rows = self.screen.screen().rows(0, COLUMNS.get());
        rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    fn signal(&self, signal: i32) {
        send(self.child.id(), signal);
    }

    /// Its screen when it has ended.
    fn ended(mut self) -> String {
        let status = self.child.wait().expect("it can be waited for");
        assert!(status.code().is_some(), "killed by a signal: {status:?}");
        loop {
            match self.written.recv_timeout(GENEROUS) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Disconnected) => return self.text(),
                Err(RecvTimeoutError::Timeout) => panic!("somebody has its terminal"),
            }
        }
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The two sides of a new terminal: the one that shows it, and the one for programs. Other children of this process do not
/// inherit them.
fn open() -> io::Result<(File, File)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    tcsetwinsize(&ours, Winsize { ws_row: ROWS.get(), ws_col: COLUMNS.get(), ws_xpixel: 0, ws_ypixel: 0 })?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs =
        File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(OsStr::from_bytes(name.as_bytes()))?;
    Ok((ours.into(), theirs))
}

const DRAWN: &str = "Service is shutting down: ";

/// The lines of the tree.
fn tree(screen: &str) -> Vec<&str> {
    let lines = screen.lines().skip_while(|line| !line.starts_with(DRAWN));
    lines.take_while(|line| !line.trim().is_empty()).collect()
}

/// The time in a text such as "…: 1.2 s, …".
fn seconds(line: &str) -> Option<f64> {
    let (time, _) = line.strip_prefix(DRAWN)?.split_once(" s, ")?;
    time.parse().ok()
}

#[test]
fn a_tree_of_what_it_waits_for() {
    let mut service = OnTerminal::start(&["stuck", "drain=60000", "grace=60000"], &[]);
    service.says("started");
    service.signal(SIGTERM);
    let blesses = std::env::var_os("SUNDOWN_BLESS").is_some();
    let is_drawn = |screen: &str| {
        let drawn = tree(screen);
        let is_whole = drawn.len() == 3 && drawn[2].contains("task ") && seconds(drawn[0]) > Some(1.0);
        is_whole && (blesses || without_numbers(&drawn.join("\n")) == without_numbers(&in_the_readme()))
    };
    // The tree in the README is this one, but for its numbers: `SUNDOWN_BLESS=1 cargo test -p sundown-tests --test root a_tree`
    // writes it.
    let screen = service.until(is_drawn);
    assert!(!screen.contains("still shutting down"), "it is said twice:\n{screen}");
    assert_eq!(screen.matches(DRAWN).count(), 1, "{screen}");
    if blesses {
        let readme = fs::read_to_string(README).expect("the README");
        fs::write(README, readme.replace(&in_the_readme(), &tree(&screen).join("\n"))).expect("it is written");
    }

    service.signal(SIGINT);
    let screen = service.ended();
    assert!(
        screen.contains("forcing the shutdown, within") && screen.contains("stopped: SIGTERM; exit code"),
        "{screen}"
    );
    assert!(!screen.contains(DRAWN), "it is left on the screen:\n{screen}");
}

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

/// The tree in the README.
fn in_the_readme() -> String {
    let readme = fs::read_to_string(README).expect("the README");
    let (_, tree) = readme.split_once(&format!("```text\n{DRAWN}")).expect("the README has one");
    format!("{DRAWN}{}", tree.split_once("\n```").expect("it ends").0)
}

/// A step may be younger than a second.
fn without_numbers(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words = line.split_whitespace().map(|word| word.replace(|digit: char| digit.is_ascii_digit(), ""));
        words.map(|word| if word == "ms" { "s".to_owned() } else { word }).collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A close that blocks the thread of `main`: the tree is drawn by another.
#[test]
fn a_poll_that_does_not_return_does_not_stop_the_clock() {
    let mut service = OnTerminal::start(&["close-blocks", "grace=60000"], &[]);
    service.says("started");
    service.signal(SIGTERM);
    let elapsed = |screen: &str| tree(screen).first().and_then(|line| seconds(line));
    service.says("closing");
    let screen = service.until(|screen| elapsed(screen).is_some());
    let first = elapsed(&screen);
    service.until(|screen| elapsed(screen) > first);
    service.signal(SIGTERM);
    service.signal(SIGINT);
    service.ended();
}

#[test]
fn lines_where_nobody_wants_what_moves() {
    for variable in ["NO_COLOR", "CI"] {
        let mut service = OnTerminal::start(&["stuck", "grace=60000"], &[(variable, "1")]);
        service.says("started");
        service.signal(SIGTERM);
        let screen = service.until(|screen| screen.contains("still shutting down after"));
        assert!(!screen.contains(DRAWN), "{variable}:\n{screen}");
        service.signal(SIGINT);
        service.ended();
    }
}
