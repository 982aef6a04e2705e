//! Calls of cargo and of other programs.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

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
        if std::io::stdout().is_terminal() {
            self.command.env("CARGO_TERM_COLOR", "always");
        }
        let mut child = self.command.stdout(Stdio::piped()).spawn().with_context(|| self.text())?;
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
