//! The real program, with every part at work, stopped by SIGTERM. What is left is looked for in `/proc`.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// In the environment of all that a test starts, wherever it goes.
const MARK: &str = "SUPERVISOR_TEST";

/// A system manager that runs. Killed when the test fails.
struct Supervisor {
    process: Child,
    output: BufReader<ChildStdout>,
    folder: TempDir,
}

/// How it has ended.
struct Ended {
    code: Option<i32>,
    report: String,
    /// Processes that run on.
    left: Vec<String>,
    folder: TempDir,
}

impl Supervisor {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut command = Command::new(env!("CARGO_BIN_EXE_supervisor"));
        command.arg("--data").arg(folder.path()).args(arguments).env(MARK, folder.path());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        Supervisor { process, output, folder }
    }

    /// One whose parts all work: a file went through the spool, the queue, both pools, the journal and the pipeline.
    fn at_work(arguments: &[&str]) -> Self {
        let mut supervisor = Supervisor::start(arguments);
        supervisor.prints("status: http://");
        supervisor.feed("a.txt");
        supervisor.prints("pipeline: seen: 3 words in a.txt");
        supervisor
    }

    /// Moves a file into the spool.
    fn feed(&self, name: &str) {
        let (made, spool) = (self.folder.path().join(name), self.folder.path().join("spool").join(name));
        fs::write(&made, "one two\nthree\n").and_then(|()| fs::rename(made, spool)).expect("the spool can be written");
    }

    /// Waits for a line that begins so.
    #[track_caller]
    fn prints(&mut self, begin: &str) {
        let mut printed = String::new();
        loop {
            let length = printed.len();
            if self.output.read_line(&mut printed).expect("its output can be read") == 0 {
                panic!("it has ended without `{begin}`:\n{printed}\n{}", self.errors());
            }
            if printed[length..].starts_with(begin) {
                return;
            }
        }
    }

    /// What runs, itself included.
    fn processes(&self) -> Vec<String> {
        marked(&self.folder).into_iter().map(|(_, command)| command).collect()
    }

    fn terminate(self) -> Ended {
        kill_process(Pid::from_child(&self.process), Signal::TERM).expect("it runs");
        self.end()
    }

    fn end(mut self) -> Ended {
        let status = self.process.wait().expect("it can be waited for");
        let left = marked(&self.folder);
        for (pid, _) in &left {
            let _ = kill_process(*pid, Signal::KILL); // whose pipe would be read for an hour
        }
        let left = left.into_iter().map(|(_, command)| command).collect();
        let report = self.errors();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("another"));
        Ended { code: status.code(), report, left, folder }
    }

    fn errors(&mut self) -> String {
        let mut errors = String::new();
        let mut stderr = self.process.stderr.take().expect("it is piped, and read once");
        stderr.read_to_string(&mut errors).expect("it is text");
        errors
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for (pid, _) in marked(&self.folder) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The processes that were started in a test, by the folder in their environment. A zombie has none.
fn marked(folder: &TempDir) -> Vec<(Pid, String)> {
    let mark = format!("{MARK}={}\0", folder.path().display());
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("there is a `/proc`").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default(); // it may have ended
        if read("environ").windows(mark.len()).any(|part| part == mark.as_bytes()) {
            let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            found.push((pid, command.trim_end().to_owned()));
        }
    }
    found
}

impl Ended {
    /// The line of the report that is about `name`.
    #[track_caller]
    fn line(&self, name: &str) -> &str {
        let is_it = |line: &&str| line.split_whitespace().any(|word| word == name);
        self.report.lines().find(is_it).unwrap_or_else(|| panic!("no `{name}` in\n{}", self.report))
    }

    /// What the whole took beyond its slowest part, in milliseconds.
    fn beyond_the_slowest(&self) -> f64 {
        let line = self.report.lines().find(|line| line.starts_with("slowest: ")).expect("the report ends so");
        let more = line.rsplit_once("the whole: ").and_then(|(_, more)| more.strip_suffix(" ms more"));
        more.and_then(|more| more.parse().ok()).expect("a number")
    }
}

#[test]
fn a_clean_stop_takes_what_its_slowest_part_takes() {
    let mut beyond = Vec::new();
    for _ in 0..5 {
        let supervisor = Supervisor::at_work(&[]);
        let running = supervisor.processes();
        for part in ["supervisor --data ", "python3 -c ", "tail -n +1 -F ", "grep ", "while echo tick"] {
            assert!(running.iter().any(|command| command.contains(part)), "no `{part}` in {running:#?}");
        }
        let ended = supervisor.terminate();
        assert_eq!(ended.code, Some(0), "{}", ended.report);
        assert!(ended.report.contains("stopped: SIGTERM; exit code 0"), "{}", ended.report);
        assert!(ended.report.contains("; no child process"), "{}", ended.report);
        assert!(!ended.report.contains("not tracked"), "{}", ended.report);
        for part in [
            "stop",
            "heartbeat",
            "statsd",
            "watcher",
            "status",
            "worker",
            "collector.process",
            "collector.output",
            "indexer.process",
            "indexer.output",
            "pipeline.process",
            "pipeline.output",
            "counting",
            "archive",
            "journal",
        ] {
            let line = ended.line(&format!("Supervisor.{part}"));
            assert!(line.contains(" stopped "), "{line}");
        }
        assert!(ended.left.is_empty(), "{:#?}", ended.left);
        beyond.push(ended.beyond_the_slowest());
        // A machine that is busy with something else is asked once more.
        if beyond.last().is_some_and(|beyond| *beyond <= 20.0) {
            break;
        }
    }
    println!("the whole takes {beyond:?} ms more than its slowest part");
    assert!(beyond.iter().any(|beyond| *beyond <= 20.0), "{beyond:?} ms");
}

#[test]
fn what_was_claimed_is_counted() {
    let supervisor = Supervisor::at_work(&[]);
    let names: Vec<String> = (0..20).map(|number| format!("{number}.txt")).collect();
    names.iter().for_each(|name| supervisor.feed(name));
    let ended = supervisor.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.report);
    let count = |name: &str| fs::read_dir(ended.folder.path().join(name)).expect("it is a folder").count();
    assert_eq!(count("claimed"), 0, "{}", ended.report);
    assert_eq!(count("spool") + count("archive"), names.len() + 1);
    let journal = fs::read_to_string(ended.folder.path().join("journal.log")).expect("it is text");
    let counted = journal.lines().filter(|line| line.starts_with("worker: 3 words in ")).count();
    assert_eq!(counted, count("archive"), "{journal}");
}

#[test]
fn what_misbehaves_is_ended_or_named() {
    let supervisor = Supervisor::at_work(&["--bad"]);
    let running = supervisor.processes();
    assert!(running.iter().any(|command| command.contains("sleep 3600")), "{running:#?}");
    let ended = supervisor.terminate();
    assert_eq!(ended.code, Some(4), "{}", ended.report);
    for (part, outcome, detail) in [
        ("heartbeat", " forced ", ""),
        ("indexer.process", " forced ", "killed `python3"),
        ("pipeline.process", " forced ", "outside its group: killed `sleep` "),
        ("counting", " abandoned ", "thread `count` ignores its stop signal"),
        ("worker", " stopped ", ""),
        ("collector.process", " stopped ", "exit status: 0"),
        ("journal", " stopped ", ""),
    ] {
        let line = ended.line(&format!("Supervisor.{part}"));
        assert!(line.contains(outcome) && line.contains(detail), "{line}");
    }
    // The threads of the pool are named one by one.
    for thread in ["`count-0`", "`count-1`"] {
        assert!(ended.line(thread).contains("not tracked by sundown"), "{}", ended.line(thread));
    }
    assert!(ended.left.is_empty(), "{:#?}", ended.left);
}

#[test]
fn a_machine_without_python_is_told_so() {
    let folder = tempfile::tempdir().expect("an empty folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_supervisor"));
    let output = command.arg("--data").arg(folder.path()).env("PATH", folder.path()).output().expect("it starts");
    let report = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{report}");
    assert!(report.contains("the start failed: cannot start the collector, which needs `python3`: "), "{report}");
}
