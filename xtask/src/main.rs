//! The project's own commands.

mod bench;
mod cargo;
mod demo;
mod exit_stress;
mod lint;
mod metadata;
mod msrv;
mod platforms;
mod python;
mod steps;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The commands of the sundown workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the examples: a service by hand and annotated, a system manager, the Python classes; clean, and with much that
    /// goes wrong. It says how long it takes.
    Demo {
        /// Where the picture of the disorderly stop goes. The README's is `docs/report.svg`.
        #[arg(long, default_value = "target/demo/report.svg")]
        svg: PathBuf,
        /// Prints meanwhile what is alive in the first example, whenever it has changed.
        #[arg(long)]
        watch: bool,
        /// Passed on to the first example.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs the tests of a commit: unit, integration and golden tests, the compile errors that sundown words, pytest on the
    /// newest interpreter in `SUNDOWN_PYTHONS`, and each exit-stress scenario once. With `--full`: every test.
    Test(test::Options),
    /// Runs pytest alone, on every interpreter in `SUNDOWN_PYTHONS`.
    Pytest {
        /// Only tests whose names match this expression, pytest's `-k`.
        filter: Option<String>,
    },
    /// Checks the older versions of PyO3 that are supported: all by type, some tests with the newest of them.
    OlderPyo3,
    /// Checks the layers, formatting, clippy in all feature combinations, the docs and the minimum Rust version.
    Lint,
    /// Checks the core and the Python side for every platform, runs the core's tests where they can be run, and compares the
    /// result with the table in the README.
    Platforms(platforms::Options),
    /// Runs programs that end in every awkward way, many times over, and tells how their processes ended.
    ExitStress(exit_stress::Options),
    /// Measures: every bench, or those named.
    Bench {
        /// `guard`, `latency`, `compile`, … All, if none is named.
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    run(Arguments::parse().command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo { svg, watch, arguments } => demo::run(&svg, watch, &arguments)?,
        Command::Test(options) => return test::run(&options),
        Command::ExitStress(options) => return exit_stress::run(&options),
        Command::Pytest { filter } => return Ok(test::pytest(filter.as_deref())),
        Command::OlderPyo3 => return Ok(test::older_pyo3()),
        Command::Lint => lint::run()?,
        Command::Platforms(options) => platforms::run(&options)?,
        Command::Bench { names } => bench::run(&names)?,
    }
    Ok(ExitCode::SUCCESS)
}
