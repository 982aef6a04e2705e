//! What one annotated struct of ten resources becomes: the one whose golden expansion is in `tests/expand`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Crate;
use crate::cargo::{cargo, root, target};

pub(super) fn run() -> Result<()> {
    let folder = root().join("tests/expand");
    let source = read(&folder.join("ten_resources.rs"))?;
    let expanded = read(&folder.join("ten_resources.expanded.rs"))?;
    println!("a struct with ten resources:");
    // Doc comments are no code.
    let is_code = |line: &&str| !line.trim_start().starts_with("//") && !line.trim().is_empty();
    println!("  expanded from {} to {} lines", source.lines().count(), expanded.lines().filter(is_code).count());

    let plain: String =
        source.lines().filter(|line| !line.trim_start().starts_with("#[")).fold(String::new(), add_line);
    let plain = llvm_lines(&Crate::write("ten-plain", &format!("{TYPES}{}{PLAIN}", plain.replace(GUARD, "")))?)?;
    let annotated = llvm_lines(&Crate::write("ten-annotated", &format!("{TYPES}{source}{ANNOTATED}"))?)?;
    println!("  LLVM lines, unoptimised: {annotated}, of which the annotation's: {}", annotated - plain);
    Ok(())
}

const GUARD: &str = "    guard: ShutdownGuard<Self>,\n";

/// What the struct names.
const TYPES: &str = "
#![allow(dead_code, unused_imports)]
use std::future::Future;
use std::pin::Pin;
use sundown::{Memo, Outcome, Process, ShutdownGuard, Tasks, Teardown, Thread, Wait, must_shutdown};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub type Cache = sundown_resource::Resource;
pub type Database = sundown_resource::Resource;
pub type Log = sundown_resource::Resource;

mod sundown_resource {
    pub struct Resource;

    impl sundown::Teardown for Resource {
        fn request(&mut self, _: &mut sundown::Memo) {}
        fn wait<'a>(&'a mut self, _: &'a mut sundown::Memo) -> sundown::Wait<'a> {
            Box::pin(std::future::ready(sundown::Outcome::Stopped))
        }
        fn force(&mut self, _: &mut sundown::Memo) {}
    }
}
";

/// The drop glue is there without the annotation too.
const PLAIN: &str = "
pub fn end(service: Box<Service>) {
    drop(service);
}
";

/// Makes the compiler generate every method but `with_shutdown`, which is generic.
const ANNOTATED: &str = "
pub fn end(service: Box<Service>) {
    drop(service);
}

pub fn shutdown(service: &mut Service) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
    Box::pin(async { service.shutdown().await.is_ok() })
}

pub fn shutdown_within(service: &mut Service) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
    Box::pin(async { service.shutdown_within(std::time::Duration::MAX).await.is_ok() })
}
";

/// Lines within functions, as `cargo llvm-lines` counts them.
fn llvm_lines(of: &Crate) -> Result<usize> {
    let built = target().join("compile-bench/target");
    let emit = ["rustc", "--quiet", "--lib", "--", "--emit=llvm-ir", "-Ccodegen-units=1", "-Cdebuginfo=0"];
    cargo(emit).current_dir(&of.directory).env("CARGO_TARGET_DIR", &built).env("CARGO_INCREMENTAL", "0").check()?;
    let prefix = format!("{}-", of.name.replace('-', "_"));
    let mut newest = None;
    for entry in fs::read_dir(built.join("debug/deps"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&prefix) && name.ends_with(".ll") {
            newest = newest.max(Some((entry.metadata()?.modified()?, entry.path())));
        }
    }
    let (_, path) = newest.context("rustc has written no LLVM code")?;
    let mut inside = false;
    let code = read(&path)?;
    Ok(code
        .lines()
        .filter(|line| {
            inside |= line.starts_with("define ");
            let counts = inside;
            inside &= *line != "}";
            counts
        })
        .count())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn add_line(text: String, line: &str) -> String {
    text + line + "\n"
}
