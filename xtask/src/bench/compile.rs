//! What the macros cost at compile time.
//!
//! Generates two crates of 500 structs each, one annotated and one with the shutdown written by hand, and checks them in
//! turns; counts what one struct becomes; builds the macro crate from nothing beside `thiserror-impl`.

mod annotated;
mod by_hand;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::cargo::{Call, cargo, root, target};

pub(super) const NAME: &str = "compile";

const STRUCTS: usize = 500;
const ROUNDS: usize = 5;

pub(super) fn run() -> Result<()> {
    check_of_many_structs()?;
    ten_resources()?;
    cold_build()
}

fn check_of_many_structs() -> Result<()> {
    let crates = [
        Crate::write("empty", "")?,
        Crate::write("by-hand", &source(by_hand::HEAD, by_hand::STRUCT))?,
        Crate::write("annotated", &source(annotated::HEAD, annotated::STRUCT))?,
    ];
    println!("`cargo check` of {STRUCTS} structs with five resources each, median of {ROUNDS}, not incremental:");
    let times = in_turns(&crates.each_ref().map(|of| move || of.check()))?;
    let [empty, by_hand, annotated] = *times else { unreachable!("one time for each crate") };
    for (of, time) in crates.iter().zip(&times) {
        println!("  {:10} {:>7.2} s  {:>6} lines", of.name, time.as_secs_f64(), of.lines);
    }
    let ratio = |time: Duration, to: Duration| time.as_secs_f64() / to.as_secs_f64();
    println!("  annotated / by hand: {:.2}", ratio(annotated, by_hand));
    println!(
        "  without what the empty crate takes: {:.2}, {:.1} ms a struct more",
        ratio(annotated.saturating_sub(empty), by_hand.saturating_sub(empty)),
        (annotated.as_secs_f64() - by_hand.as_secs_f64()) * 1e3 / STRUCTS as f64,
    );
    Ok(())
}

/// The source of a crate: what is used, `Db`, and as many structs as are measured, numbered.
fn source(head: &str, service: &str) -> String {
    let structs = (0..STRUCTS).map(|number| service.replace("Service", &format!("Service{number}")));
    [head, DB].into_iter().map(str::to_owned).chain(structs).collect()
}

/// A resource that both kinds of struct own.
const DB: &str = "
pub struct Db;

impl Db {
    pub async fn close(&self) -> Result<(), std::io::Error> {
        Ok(())
    }
}
";

/// One struct of ten resources: the one whose golden expansion is in `tests/expand`.
fn ten_resources() -> Result<()> {
    println!("a struct with ten resources:");
    let script = root().join("tests/expand/figures.sh");
    Call::new("sh").args([script]).env("CARGO_TARGET_DIR", target()).check()
}

fn cold_build() -> Result<()> {
    println!("cold `cargo build` with dependencies, median of {ROUNDS}:");
    let packages = ["thiserror-impl", "sundown-macros"];
    let times = in_turns(&packages.map(|package| move || build_from_nothing(package)))?;
    for (package, time) in packages.iter().zip(&times) {
        println!("  {package:14} {:>7.2} s", time.as_secs_f64());
    }
    println!("  sundown-macros / thiserror-impl: {:.2}", times[1].as_secs_f64() / times[0].as_secs_f64());
    Ok(())
}

fn build_from_nothing(package: &str) -> Result<Duration> {
    let directory = target().join("compile-bench/cold");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    let start = Instant::now();
    cargo(["build", "--quiet", "--package", package]).env("CARGO_TARGET_DIR", &directory).check()?;
    Ok(start.elapsed())
}

/// The median time of each, measured one after the other in every round, so that a slow moment concerns all.
fn in_turns<F: Fn() -> Result<Duration>>(measures: &[F]) -> Result<Vec<Duration>> {
    let mut times = vec![Vec::new(); measures.len()];
    for _ in 0..ROUNDS {
        for (measure, times) in measures.iter().zip(&mut times) {
            times.push(measure()?);
        }
    }
    Ok(times
        .into_iter()
        .map(|mut times| {
            times.sort();
            times[times.len() / 2]
        })
        .collect())
}

/// A generated crate, outside the workspace and with its lock file.
struct Crate {
    name: &'static str,
    directory: PathBuf,
    lines: usize,
}

impl Crate {
    /// Writes it, and checks it once so that its dependencies are there.
    fn write(name: &'static str, source: &str) -> Result<Self> {
        let directory = target().join("compile-bench").join(name);
        fs::create_dir_all(directory.join("src"))?;
        fs::write(directory.join("Cargo.toml"), manifest(name, &root().join("runtime")))?;
        fs::copy(root().join("Cargo.lock"), directory.join("Cargo.lock"))?;
        fs::write(directory.join("src/lib.rs"), source)?;
        let written = Crate { name, directory, lines: source.lines().count() };
        written.check().with_context(|| format!("the crate `{name}`"))?;
        Ok(written)
    }

    /// How long it takes once its source has changed.
    fn check(&self) -> Result<Duration> {
        let source = self.directory.join("src/lib.rs");
        fs::File::options().append(true).open(&source)?.set_modified(std::time::SystemTime::now())?;
        let call = cargo(["check", "--quiet"]).current_dir(&self.directory);
        let call = call.env("CARGO_TARGET_DIR", target().join("compile-bench/target")).env("CARGO_INCREMENTAL", "0");
        let start = Instant::now();
        call.check()?;
        Ok(start.elapsed())
    }
}

fn manifest(name: &str, sundown: &Path) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         sundown = {{ path = {sundown:?} }}\n\
         tokio = {{ version = \"1.54.1\", features = [\"rt\", \"time\"] }}\n\
         tokio-util = {{ version = \"0.7.20\", features = [\"rt\"] }}\n"
    )
}
