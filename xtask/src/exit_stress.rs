//! `cargo xtask exit-stress`: every scenario of `tests/exit-stress/scenarios`, many times over, on every interpreter.

mod child;
mod modules;
mod outcome;
mod scenario;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use self::modules::Modules;
use self::outcome::Ran;
use self::scenario::Scenario;
use self::table::Table;
use crate::python::{self, Interpreter};
use crate::test::Counts;

/// How often what is run on what.
#[derive(Args)]
pub(crate) struct Options {
    /// How often each scenario is run, on each interpreter; as often as in `test --full`, if it is not given.
    #[arg(long)]
    runs: Option<usize>,
    /// Only the scenarios whose names contain this. Can be given several times.
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
    /// A Python interpreter. Can be given several times. Those in `SUNDOWN_PYTHONS`, if none is given.
    #[arg(long = "python", value_name = "PATH")]
    pythons: Vec<PathBuf>,
    /// Runs the twin of each scenario beside it.
    #[arg(long)]
    against: Option<Against>,
    /// How many processes run at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Runs the twin alone.
    #[arg(long, requires = "against")]
    only_against: bool,
    /// Builds the modules for each interpreter's version and not for the stable ABI.
    #[arg(long)]
    version_specific: bool,
    /// Calls no `install`: the exit is set up by what is used first.
    #[arg(long)]
    without_install: bool,
}

/// With what sundown is compared.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Against {
    /// pyo3-async-runtimes.
    #[value(name = "p-a-r")]
    PyO3AsyncRuntimes,
}

/// Which of the twins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Side {
    Ours,
    Peer,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Ours => "sundown",
            Side::Peer => "p-a-r",
        }
    }
}

/// Runs what the options say and prints a table for each interpreter. A failure if a run of ours was not clean; what the
/// twin did is no failure. What runs that were not clean have left is kept in `target/exit-stress`.
///
/// # Errors
///
/// If the modules cannot be built, a scenario's header is wrong, or no scenario has such a name.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let scenarios = scenario::named(&options.scenarios)?;
    ensure!(!scenarios.is_empty(), "no scenario is called like that");
    let interpreters = if options.pythons.is_empty() {
        python::interpreters()?
    } else {
        options.pythons.iter().map(|path| Interpreter::at(path)).collect::<Result<_>>()?
    };
    let mut unclean = 0;
    for interpreter in &interpreters {
        let table = stress(options, &scenarios, interpreter)?;
        unclean += table.unclean(Side::Ours);
    }
    Ok(if unclean == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every scenario, or those whose names contain the filter, on one interpreter, `runs` times or as often as their headers
/// say: how many scenarios were clean in all runs and how many not, and how the runs ended that were not.
///
/// # Errors
///
/// If the module cannot be built, or a scenario's header is wrong.
pub(crate) fn test(
    interpreter: &Interpreter,
    filter: Option<&str>,
    runs: Option<usize>,
    without_install: bool,
) -> Result<Counts> {
    let scenarios = scenario::named(&filter.map(str::to_owned).into_iter().collect::<Vec<_>>())?;
    if scenarios.is_empty() {
        return Ok(Counts::default());
    }
    let options = Options {
        runs,
        scenarios: vec![],
        pythons: vec![],
        against: None,
        jobs: 6,
        only_against: false,
        version_specific: false,
        without_install,
    };
    let table = stress(&options, &scenarios, interpreter)?;
    let passed = table.clean_scenarios();
    let failures = table.findings().to_vec();
    Ok(Counts { passed, failed: scenarios.len() - passed, ignored: 0, filtered: 0, failures })
}

/// Every scenario on one interpreter. Prints the table.
fn stress(options: &Options, scenarios: &[Scenario], interpreter: &Interpreter) -> Result<Table> {
    let sides: &[Side] = match (options.against, options.only_against) {
        (None, _) => &[Side::Ours],
        (Some(Against::PyO3AsyncRuntimes), false) => &[Side::Ours, Side::Peer],
        (Some(Against::PyO3AsyncRuntimes), true) => &[Side::Peer],
    };
    let demo = scenarios.iter().any(|scenario| scenario.needs_demo);
    let modules = Modules::build(interpreter, sides, demo, !options.version_specific)?;
    let left = child::folder(interpreter);
    if left.exists() {
        std::fs::remove_dir_all(&left)?;
    }
    child::allow_cores();
    child::heed_interrupts()?;

    // The runs of a scenario lie apart, and the twins beside each other: what else the machine does concerns all alike.
    let mut plan = vec![];
    let runs = |scenario: &Scenario| options.runs.unwrap_or(scenario.runs_in_tests);
    for run in 0..scenarios.iter().map(runs).max().unwrap_or(0) {
        for scenario in scenarios.iter().filter(|scenario| run < runs(scenario)) {
            let sides = sides.iter().filter(|side| **side == Side::Ours || scenario.has_peer);
            plan.extend(sides.map(|side| (run, scenario, *side)));
        }
    }
    ensure!(!plan.is_empty(), "there is nothing to run");

    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(&Scenario, Side, Ran)>> = Mutex::default();
    std::thread::scope(|threads| {
        let work = || -> Result<()> {
            while let Some((run, scenario, side)) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
                let ran = child::run(interpreter, &modules, scenario, *side, *run, options.without_install)?;
                results.lock().expect("no worker panics with the lock").push((scenario, *side, ran));
            }
            Ok(())
        };
        let workers: Vec<_> = (0..options.jobs.max(1)).map(|_| threads.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker reports its errors"))
    })?;
    let results = results.into_inner().expect("no worker panics with the lock");
    let table = Table::new(interpreter, sides, scenarios, &results);
    println!("{table}");
    if sides.iter().any(|side| table.unclean(*side) > 0) {
        println!("what was not clean is in {}\n", left.display());
    }
    Ok(table)
}
