//! A run of a scenario: a process, watched.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, getrlimit, kill_process_group, pidfd_open, prlimit, setrlimit,
};
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::Side;
use super::modules::Modules;
use super::outcome::{Class, Ending, Ran, class};
use super::scenario::{self, Scenario};
use crate::cargo::target;
use crate::python::Interpreter;
use crate::test::end_of;

/// Lets the processes that this one starts leave cores, from which backtraces are made.
pub(crate) fn allow_cores() {
    let maximum = getrlimit(Resource::Core).maximum;
    // Without cores there are no backtraces of crashes, that is all.
    let _ = setrlimit(Resource::Core, Rlimit { current: maximum, maximum });
}

/// Lets the processes that this one starts have the default for SIGINT, also if this one was started in the background of a
/// shell, which ignores it: a handler, unlike that, is not inherited.
pub(crate) fn heed_interrupts() -> Result<()> {
    match ctrlc::set_handler(|| std::process::exit(130)) {
        // For an interpreter before this one.
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        Err(error) => Err(error).context("a handler for SIGINT"),
    }
}

/// Where the runs on this interpreter leave what they have printed, unless they were clean.
pub(crate) fn folder(interpreter: &Interpreter) -> PathBuf {
    target().join("exit-stress").join(interpreter.tag())
}

/// Runs a scenario once.
///
/// # Errors
///
/// If the process cannot be started or watched.
pub(crate) fn run(
    interpreter: &Interpreter,
    modules: &Modules,
    scenario: &Scenario,
    side: Side,
    run: usize,
    without_install: bool,
) -> Result<Ran> {
    let python = interpreter.venv_python();
    let directory = folder(interpreter).join(format!("{}-{}-{run}", scenario.name, side.name()));
    std::fs::create_dir_all(&directory)?;
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| directory.join(name));

    let helpers = scenario::folder().join("helpers");
    let path = std::env::join_paths(modules.folders(side).chain([helpers.as_path()]))?;
    let install = without_install.then_some(("STRESS_WITHOUT_INSTALL", "1"));
    let mut child = Command::new(&python)
        .arg(&scenario.path)
        .args(&scenario.arguments)
        .current_dir(&directory)
        .env("PYTHONPATH", path)
        .envs(install)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("PYTHONWARNINGS")
        .stdin(Stdio::null())
        // Files and not pipes: what outlives the process does not keep us waiting.
        .stdout(File::create(&stdout)?)
        .stderr(File::create(&stderr)?)
        .process_group(0)
        .spawn()
        .with_context(|| python.display().to_string())?;
    let pid = Pid::from_child(&child);
    if side == Side::Peer {
        // It crashes by the hundred, and nobody looks into its cores.
        let _ = prlimit(Some(pid), Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }

    let ended = wait(pid, scenario.patience)?;
    let end = clock_gettime(ClockId::Monotonic);
    if !ended {
        backtraces_of(pid, &directory);
    }
    // Also what it has left behind, children of a fork perhaps. That nothing is left is the usual case.
    let _ = kill_process_group(pid, Signal::KILL);
    let status = child.wait()?;
    let ending = ended.then(|| Ending::from(status));

    let [stdout, stderr] =
        [stdout, stderr].map(|path| std::fs::read(path).map(|text| String::from_utf8_lossy(&text).into_owned()));
    let (stdout, stderr) = (stdout?, stderr?);
    let (marks, lines): (Vec<&str>, Vec<&str>) = stdout.lines().partition(|line| line.starts_with("@end "));
    let exit_time = marks.first().and_then(|mark| since(mark, end));
    let class = class(scenario, ending, &lines.join("\n"), &stderr);
    let exit_time = exit_time.filter(|_| ending.is_some());
    if class == Class::Clean {
        std::fs::remove_dir_all(&directory)?;
        return Ok(Ran { class, exit_time, findings: None });
    }
    if let Some(core) = core_in(&directory) {
        backtraces_in(&core, &python, &directory);
        std::fs::remove_file(core)?;
    }
    let ending = ending.map_or_else(|| "killed".to_owned(), |ending| ending.to_string());
    std::fs::write(directory.join("class"), format!("{class}: {ending}\n"))?;
    let findings = format!("{} was {class} ({ending}); stdout {lines:?}, stderr {:?}", scenario.name, end_of(&stderr));
    Ok(Ran { class, exit_time, findings: Some(findings) })
}

/// Whether the process has ended in time.
fn wait(pid: Pid, patience: Duration) -> Result<bool> {
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let timeout = Timespec { tv_sec: patience.as_secs().try_into()?, tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The time since `@end <monotonic nanoseconds>`.
fn since(mark: &str, end: Timespec) -> Option<Duration> {
    let start: u64 = mark.strip_prefix("@end ")?.parse().ok()?;
    let end = u64::try_from(end.tv_sec).ok()? * 1_000_000_000 + u64::try_from(end.tv_nsec).ok()?;
    Some(Duration::from_nanos(end.checked_sub(start)?))
}

fn core_in(directory: &Path) -> Option<PathBuf> {
    let entries = directory.read_dir().ok()?.filter_map(Result::ok);
    entries
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")))
}

/// What every thread of a process that hangs is doing, if there is a gdb.
fn backtraces_of(pid: Pid, directory: &Path) {
    gdb(&["-p", &pid.as_raw_nonzero().to_string()], directory);
}

fn backtraces_in(core: &Path, program: &Path, directory: &Path) {
    gdb(&[&program.to_string_lossy(), &core.to_string_lossy()], directory);
}

fn gdb(arguments: &[&str], directory: &Path) {
    let Ok(output) = File::create(directory.join("backtraces")) else { return };
    let mut gdb = Command::new("gdb");
    gdb.args(["-batch", "-nx", "-ex", "set debuginfod enabled off", "-ex", "thread apply all bt"]).args(arguments);
    // A machine without gdb has no backtraces, that is all.
    let _ = gdb.stdin(Stdio::null()).stdout(output).stderr(Stdio::null()).status();
}
