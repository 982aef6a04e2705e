//! Each program is run as a process of its own: its exit code, and the words that it prints.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, PipeReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};

/// A program that runs. Killed when the test fails.
struct Program {
    child: Child,
    /// Standard output and standard error.
    output: BufReader<PipeReader>,
    printed: String,
}

impl Program {
    fn run(name: &str) -> Self {
        let (output, writer) = io::pipe().expect("a pipe");
        // `cargo test` puts them there, but not where its command names the targets.
        let tests = std::env::current_exe().expect("this program has a path");
        let path = tests.parent().and_then(Path::parent).expect("it is in a folder").join("examples").join(name);
        let mut command = Command::new(&path);
        command.env("RUST_BACKTRACE", "0").stdout(writer.try_clone().expect("a pipe")).stderr(writer);
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("{}: {error}; build it first: cargo build --package small --examples", path.display())
        });
        Program { child, output: BufReader::new(output), printed: String::new() }
    }

    /// Waits until it has printed a line.
    #[track_caller]
    fn prints(&mut self, line: &str) {
        loop {
            let begin = self.printed.len();
            let length = self.output.read_line(&mut self.printed).expect("its output can be read");
            assert!(length > 0, "it ended without `{line}`:\n{}", self.printed);
            if self.printed[begin..].trim_end() == line {
                return;
            }
        }
    }

    /// The rest of the next line, which begins so.
    #[track_caller]
    fn prints_after(&mut self, begin: &str) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("its output can be read");
        line.trim_end().strip_prefix(begin).unwrap_or_else(|| panic!("no `{begin}`: {line}")).to_owned()
    }

    fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it is a child");
    }

    /// Waits for its end: its exit code, and all that it has printed. Returns when nobody has its output any more, so a
    /// process that it has left behind would be noticed.
    fn end(mut self) -> (i32, String) {
        self.output.read_to_string(&mut self.printed).expect("its output can be read");
        let status = self.child.wait().expect("it can be waited for");
        (status.code().expect("no signal has killed it"), std::mem::take(&mut self.printed))
    }

    /// As [`end`](Self::end), in which each of `texts` is to be found, in this order.
    #[track_caller]
    fn ends(self, code: i32, texts: &[&str]) {
        let (ended_with, printed) = self.end();
        assert_eq!(ended_with, code, "{printed}");
        let mut left = printed.as_str();
        for text in texts {
            let at = left.find(text).unwrap_or_else(|| panic!("no `{text}` where it should be:\n{printed}"));
            left = &left[at + text.len()..];
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn signals() {
    let mut program = Program::run("signals");
    program.prints("tick");
    program.terminate();
    program.ends(
        0,
        &[
            "the store is closed",
            "stopped: SIGTERM; exit code 0",
            "Service.jobs",
            "stopped",
            "Service.store",
            "stopped",
        ],
    );
}

#[test]
fn partial_start() {
    Program::run("partial_start").ends(
        5,
        &[
            "the store is closed",
            "stopped: the start failed: cannot start the hook: ",
            "exit code 5",
            "Service.store",
            "stopped",
        ],
    );
}

#[test]
fn supervision() {
    Program::run("supervision").ends(
        1,
        &[
            "nobody listens",
            "the disk is full",
            "stopped: `Service.import` failed: the disk is full; exit code 1",
            "Service.import",
            "the disk is full",
            "Service.statistics",
            "nobody listens",
        ],
    );
}

#[test]
fn restarts() {
    let (code, printed) = Program::run("restarts").end();
    assert_eq!(code, 101, "{printed}");
    assert_eq!(printed.matches("connected\n").count(), 4, "once, and three times again:\n{printed}");
    assert!(printed.contains("`Service.feeds.members[\"prices\"]` panicked: the connection is lost"), "{printed}");
}

#[test]
fn drain() {
    let mut program = Program::run("drain");
    let address = program.prints_after("http://");
    let mut client = TcpStream::connect(address).expect("it listens");
    client.write_all(b"GET / HTTP/1.1\r\nhost: small\r\n\r\n").expect("it reads");
    program.prints("a request");
    program.terminate();
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("it answers, and closes the connection");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("answered"), "{answer}");
    program.ends(0, &["stopped: SIGTERM; exit code 0", "Service.server", "stopped"]);
}

#[test]
fn children() {
    let mut program = Program::run("children");
    // In either order.
    program.prints("works");
    if !program.printed.contains("ignores") {
        program.prints("ignores SIGTERM");
    }
    program.terminate();
    let (code, printed) = program.end();
    assert!([3, 4].contains(&code), "3, or 4 where the kill was confirmed too late:\n{printed}");
    for text in ["settled", "Service.worker    stopped", "Service.stubborn", "killed `sh`"] {
        assert!(printed.contains(text), "no `{text}`:\n{printed}");
    }
}

#[test]
fn sharing() {
    Program::run("sharing").ends(0, &["counted to three", "stopped: `request_shutdown`; exit code 0", "Counter.tasks"]);
}

#[test]
fn nested() {
    Program::run("nested").ends(
        0,
        &[
            "green has stopped",
            " has stopped",
            " has stopped",
            "Service stopped",
            "Service.tenants.members[\"blue\"].jobs",
            "stopped",
            "Service.tenants.members[\"red\"].jobs",
            "stopped",
        ],
    );
}

#[test]
fn leak_check() {
    let expected = if cfg!(target_os = "linux") { "thread `forgotten`" } else { "not compared" };
    Program::run("leak_check").ends(0, &[expected]);
}

#[test]
fn no_tokio() {
    Program::run("no_tokio")
        .ends(0, &["a sample", "the journal is closed", "Station stopped", "Station.sampler", "Station.journal"]);
}

/// The programs of this folder, by the names of their files.
fn programs() -> BTreeSet<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path());
    let programs = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let names = programs.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    names.filter(|name| name != "lib" && name != "tests").collect()
}

#[test]
fn each_is_short_and_in_the_readme() {
    let readme = include_str!("README.md");
    for name in programs() {
        let path = format!("{}/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let lines = std::fs::read_to_string(path).expect("it is text").lines().count();
        assert!(lines <= 40, "`{name}` has {lines} lines");
        assert!(readme.contains(&format!("[`{name}.rs`]({name}.rs)")), "the README has no `{name}`");
    }
}
