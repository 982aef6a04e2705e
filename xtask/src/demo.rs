//! `cargo xtask demo`: the examples at work.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::cargo::{Call, cargo, target};
use crate::python;

/// What the whole takes, once all is built.
const TAKES: &str = "20 s";

/// In the environment of all that the system manager starts.
const MARK: &str = "SUPERVISOR_DEMO";

/// Shows the workflow service, the system manager, and the Python classes, on the newest interpreter: all of them test it.
///
/// # Errors
///
/// If one cannot be built, does not end as it should, or leaves something behind.
pub(crate) fn run(svg: &Path, watch: bool, arguments: &[String]) -> Result<()> {
    println!("What is not built yet is built first; then this takes about {TAKES}.");
    cargo(["build", "--quiet", "--package", "runner", "--package", "supervisor"]).check()?;
    let newest = python::newest()?;
    let module = python::demo(&newest)?;

    let begun = Instant::now();
    title("examples/runner, a workflow service");
    let runner = Call::new(program("runner")).args([OsStr::new("demo"), "--svg".as_ref(), svg.as_os_str()]);
    runner.args(watch.then_some("--watch")).args(arguments).check()?;
    title("examples/supervisor, a system manager");
    supervisor(false)?;
    title("examples/supervisor --bad: one of each kind misbehaves");
    supervisor(true)?;
    title("examples/pyext, Python classes");
    module.check()?;
    println!("\nThe demo took {:.0} s.", begun.elapsed().as_secs_f64());
    Ok(())
}

fn title(title: &str) {
    println!("\n=== {title}\n");
}

fn program(name: &str) -> PathBuf {
    target().join("debug").join(name)
}

/// Gives the system manager a file, and stops it by SIGTERM when the file has passed through all of its parts.
fn supervisor(bad: bool) -> Result<()> {
    let data = target().join("demo/supervisor");
    if data.exists() {
        fs::remove_dir_all(&data).with_context(|| data.display().to_string())?;
    }
    let mut command = Command::new(program("supervisor"));
    command.arg("--data").arg(&data).args(bad.then_some("--bad")).env(MARK, &data).stdout(Stdio::piped());
    let mut process = command.spawn().context("the supervisor")?;
    for line in BufReader::new(process.stdout.take().context("it is piped")?).lines() {
        let line = line?;
        println!("   {line}");
        if line.starts_with("status: ") {
            let words = data.join("words");
            fs::write(&words, "Seven small words come through a spool.\n")?;
            fs::rename(words, data.join("spool/words.txt"))?;
        } else if line.starts_with("pipeline: seen: ") {
            println!("   SIGTERM");
            kill_process(Pid::from_child(&process), Signal::TERM)?;
        }
    }
    let (status, expected) = (process.wait()?, if bad { 4 } else { 0 });
    ensure!(status.code() == Some(expected), "the supervisor has ended with {status}, and not with {expected}");
    let left = left(&data)?;
    ensure!(left.is_empty(), "the supervisor has left processes behind: {left:?}");
    println!("   proof     no process of it is left");
    Ok(())
}

/// The processes that were started with `MARK`, wherever they are now. None where there is no `/proc`.
fn left(mark: &Path) -> Result<Vec<String>> {
    let mark = format!("{MARK}={}\0", mark.display());
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten() {
        let process = entry?.path();
        let read = |name: &str| fs::read(process.join(name)).unwrap_or_default(); // it is none, or has ended
        if read("environ").windows(mark.len()).any(|part| part == mark.as_bytes()) {
            left.push(String::from_utf8_lossy(&read("cmdline")).replace('\0', " "));
        }
    }
    Ok(left)
}
