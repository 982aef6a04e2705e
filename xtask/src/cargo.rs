//! Calls of cargo and of other programs.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

/// The cargo that runs this, called in the workspace's root.
pub(crate) fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Call {
    Call::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).args(arguments)
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("xtask is a folder of the workspace").to_owned()
}

/// Where everything that is built goes.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}

/// A program and its arguments.
pub(crate) struct Call {
    command: Command,
}

impl Call {
    /// A call in the workspace's root.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(root());
        Call { command }
    }

    pub(crate) fn args<I: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = I>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Adds to a variable whose flags are separated by spaces, such as `RUSTFLAGS`.
    pub(crate) fn flags(self, name: &str, flags: &str) -> Self {
        let before = std::env::var(name).unwrap_or_default();
        self.env(name, format!("{before} {flags}").trim())
    }

    pub(crate) fn current_dir(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Runs it, with what it prints.
    ///
    /// # Errors
    ///
    /// If it does not run or fails.
    pub(crate) fn check(mut self) -> Result<()> {
        let status = self.command.status().with_context(|| self.text())?;
        ensure!(status.success(), "`{}` failed: {status}", self.text());
        Ok(())
    }

    /// Runs it, and passes each line that it prints to stdout on, and to `see`.
    ///
    /// # Errors
    ///
    /// If it does not run or fails.
    pub(crate) fn check_seeing(mut self, mut see: impl FnMut(&str)) -> Result<()> {
        let mut child = self.piped()?;
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            std::io::stdout().write_all(&line)?;
            see(&String::from_utf8_lossy(&line));
            line.clear();
        }
        let status = child.wait()?;
        ensure!(status.success(), "`{}` failed: {status}", self.text());
        Ok(())
    }

    /// As [`check_seeing`](Self::check_seeing), for what may hang: when the time is over, its process group is killed.
    ///
    /// # Errors
    ///
    /// If it does not run, fails, or is not over in time.
    pub(crate) fn check_seeing_within(mut self, bound: Duration, mut see: impl FnMut(&str)) -> Result<()> {
        self.command.process_group(0);
        let mut child = self.piped()?;
        let end = Instant::now() + bound;
        let (sender, lines) = mpsc::channel();
        let stdout = child.stdout.take().expect("it is piped");
        // It may read for longer than this waits: what has left the group keeps the pipe open.
        thread::spawn(move || {
            BufReader::new(stdout).split(b'\n').map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        loop {
            match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let line = String::from_utf8_lossy(&line);
                    println!("{line}");
                    see(&line);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    // That it has just ended is as good.
                    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
                    child.wait()?;
                    bail!("`{}` was not over after {} s, and was killed", self.text(), bound.as_secs());
                }
            }
        }
        let status = child.wait()?;
        ensure!(status.success(), "`{}` failed: {status}", self.text());
        Ok(())
    }

    /// Runs it, and passes on what it prints to stderr. Its exit status, and that text.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub(crate) fn seeing_errors(mut self) -> Result<(Option<i32>, String)> {
        let mut child = self.command.stderr(Stdio::piped()).spawn().with_context(|| self.text())?;
        let mut seen = String::new();
        for line in BufReader::new(child.stderr.take().expect("it is piped")).lines() {
            let line = line?;
            eprintln!("{line}");
            seen.push_str(&line);
            seen.push('\n');
        }
        Ok((child.wait()?.code(), seen))
    }

    /// Starts it, with a pipe for what it prints.
    fn piped(&mut self) -> Result<Child> {
        if std::io::stdout().is_terminal() {
            self.command.env("CARGO_TERM_COLOR", "always");
        }
        self.command.stdout(Stdio::piped()).spawn().with_context(|| self.text())
    }

    /// Runs it quietly.
    ///
    /// # Errors
    ///
    /// If it does not run, fails, or does not print UTF-8. What it printed to stderr is in the error.
    pub(crate) fn output(mut self) -> Result<String> {
        let output = self.command.output().with_context(|| self.text())?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{}` failed: {}\n{errors}", self.text(), output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    fn text(&self) -> String {
        let program = Path::new(self.command.get_program()).file_stem().unwrap_or_default();
        let words = std::iter::once(program).chain(self.command.get_args());
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Call;

    #[test]
    fn what_hangs_is_killed_with_its_children() {
        let began = Instant::now();
        let mut seen = Vec::new();
        let hangs = Call::new("sh").args(["-c", "echo begun; sleep 1000 & sleep 1000"]);
        let error = hangs.check_seeing_within(Duration::from_secs(1), |line| seen.push(line.to_owned())).unwrap_err();
        assert!(error.to_string().contains("was not over after 1 s"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(500));
        assert_eq!(seen, ["begun"]);
    }

    #[test]
    fn what_ends_in_time_is_seen_whole() {
        let mut seen = Vec::new();
        let mut run = |script: &str| {
            Call::new("sh")
                .args(["-c", script])
                .check_seeing_within(Duration::from_secs(500), |line| seen.push(line.to_owned()))
        };
        run("echo one; echo two").unwrap();
        assert!(run("echo three; exit 3").is_err());
        assert_eq!(seen, ["one", "two", "three"]);
    }
}
