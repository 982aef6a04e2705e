//! A service that runs, and what a test asks it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::send::send;

/// Killed when the test fails.
pub(crate) struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The lines on standard error.
    prints: Receiver<String>,
    report: Option<JoinHandle<String>>,
}

/// How a service has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it had to say that the test has not read.
    pub(crate) output: String,
    /// Standard error.
    pub(crate) report: String,
    pub(crate) at: Instant,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    pub(crate) fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
        command.args(arguments).envs(environment.iter().copied()).env("RUST_BACKTRACE", "0");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the service starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let (printed, prints) = mpsc::channel();
        let report = std::thread::spawn(move || {
            let mut report = String::new();
            while stderr.read_line(&mut report).expect("the report is text") > 0 {
                let _ = printed.send(report.lines().last().unwrap_or_default().to_owned());
            }
            report
        });
        Running { child, output, prints, report: Some(report) }
    }

    /// Waits for a line on standard error that has this text. Returns it.
    pub(crate) fn prints(&mut self, text: &str) -> String {
        loop {
            let line = self.prints.recv().unwrap_or_else(|_| panic!("it ended without `{text}`"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// One that has got as far as `line`.
    pub(crate) fn until(arguments: &[&str], line: &str) -> Self {
        let mut running = Self::start(arguments);
        running.says(line);
        running
    }

    /// Waits for a line of its output. Returns those before it.
    pub(crate) fn says(&mut self, expected: &str) -> String {
        let (mut line, mut before) = (String::new(), String::new());
        while self.output.read_line(&mut line).expect("its output can be read") > 0 {
            if line.trim_end() == expected {
                return before;
            }
            before.push_str(&line);
            line.clear();
        }
        let report = self.report.take().map(|report| report.join().unwrap());
        panic!("it ended without `{expected}`\n{before}\n{report:?}");
    }

    /// Waits for a line of its output that has this text. Returns it.
    pub(crate) fn says_with(&mut self, text: &str) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).expect("its output can be read") > 0 {
            if line.contains(text) {
                return line;
            }
            line.clear();
        }
        panic!("it ended without `{text}`");
    }

    /// Sends a signal, unless it has ended.
    pub(crate) fn signal(&self, signal: i32) {
        send(self.child.id(), signal);
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_some()
    }

    pub(crate) fn ended(mut self) -> Ended {
        let mut output = String::new();
        self.output.read_to_string(&mut output).expect("its output can be read");
        let status = self.child.wait().expect("it can be waited for");
        let at = Instant::now();
        let report = self.report.take().expect("it is joined once").join().expect("its report can be read");
        // A sanitizer that has found something in the service says so there, and not always by the exit code.
        assert!(!report.contains("Sanitizer"), "{report}");
        Ended { status, output, report, at }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The exit code. A service that a signal has killed has none.
    #[track_caller]
    pub(crate) fn code(&self) -> i32 {
        assert_eq!(self.status.signal(), None, "{self:#?}");
        self.status.code().expect("no signal has killed it")
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code(), code, "{self:#?}");
        for text in texts {
            assert!(self.report.contains(text) || self.output.contains(text), "no `{text}` in {self:#?}");
        }
        self
    }

    /// That it ended within so much of `since`. The machine may be busy, so a bound is a multiple of what is expected.
    #[track_caller]
    pub(crate) fn within(self, limit: Duration, since: Instant) -> Self {
        let took = self.at - since;
        assert!(took <= limit, "{took:?} of {limit:?}: {self:#?}");
        self
    }
}
