//! The two stages, and how CPython comes to call them.
//!
//! Nothing that happens in them may become an exception, for the handlers of others come next: so what may panic is called
//! [`quietly`].

use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use pyo3::prelude::*;
use pyo3::wrap_pyfunction;
use sundown::registry::Audit;
use sundown::{Outcome, Progress, Report, Teardown};

use crate::internal::driver::{self, Driver};
use crate::internal::observe;
use crate::internal::plan::{self, Step};
use crate::internal::sync::quietly;
use crate::interpreter::exit::hurry::Hurry;
use crate::interpreter::exit::interrupt::Interrupts;
use crate::interpreter::exit::late::is_too_late;
use crate::interpreter::exit::leaving::Left;
use crate::interpreter::exit::waves::{self, Wave, Waves};
use crate::interpreter::exit::{
    self, GATE_CLOSED, NAME, STATE, budget, leaving, multiprocessing, registration, second, uncaught,
};
use crate::interpreter::raise_soon::{ok_or_raise, ok_or_raise_soon};
use crate::interpreter::{block_on, closing, fork, gate};

/// Kept for the gate of what a stage two may take: a tenth, this at most. It is what a step of a plan keeps, too.
const GATE_MAX: Duration = Duration::from_millis(100);

/// What came of [`install`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Installation {
    /// CPython calls the stages.
    InTime,
    /// It would not call them any more.
    TooLate,
}

/// Has CPython call the stages, unless it is too late for that.
pub(crate) fn install(py: Python<'_>) -> PyResult<Installation> {
    if !register_in_time(py)? {
        return Ok(Installation::TooLate);
    }
    budget::join(py)?;
    STATE.get().is_installed.store(true, Ordering::Release);
    fork::on_child(in_child);
    ok_or_raise(py, multiprocessing::at_import(py, stage_two))?;
    Ok(Installation::InTime)
}

/// Has CPython call stage one, for a runtime that has opted in. Not before: it imports modules, among them `logging`
/// and `re`.
///
/// # Errors
///
/// What is no `Exception`, such as Ctrl-C. A part of CPython that is not as expected is none: `_register_atexit` is no
/// public function, and without the stage such a runtime stops later, in stage two.
pub(crate) fn register_stage_one(py: Python<'_>) -> PyResult<()> {
    // Functions of this kind are called in reverse: the joins of the executors' threads, whose work may wait for us,
    // come after.
    let registered = py.import("concurrent.futures.thread").and_then(|_| {
        let one = wrap_pyfunction!(stage_one, py)?;
        py.import("threading")?.call_method1("_register_atexit", (one,))
    });
    ok_or_raise(py, registered).map(drop)
}

/// Has CPython call stage two; again, if that was [lost](registration::on_loss).
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    registration::register(py, stage_two)
}

/// In a forked child, whose `atexit` functions are its parent's.
fn in_child(py: Python<'_>) {
    ok_or_raise_soon(py, multiprocessing::in_child(py, stage_two));
}

/// As [`register`], unless CPython would not call it any more: then false.
pub(crate) fn register_in_time(py: Python<'_>) -> PyResult<bool> {
    let in_time = registration::is_registered() || !is_too_late(py)?;
    if in_time {
        register(py)?;
    }
    Ok(in_time)
}

impl Installation {
    /// If it is too late, what lives is stopped now, and the module is closed.
    ///
    /// # Errors
    ///
    /// What the handler of a signal raised meanwhile.
    pub(crate) fn follow_up(self, py: Python<'_>) -> PyResult<()> {
        match self {
            Installation::InTime => {}
            Installation::TooLate if exit::lives().next().is_some() => {
                // Without the state of the others it has the whole budget.
                let _ = budget::join(py);
                // What a signal's handler has raised is for what this has interrupted.
                return stage_two(py);
            }
            Installation::TooLate => {
                closing::begin();
                py.detach(|| gate::close(Instant::now()));
                GATE_CLOSED.call(py);
            }
        }
        Ok(())
    }
}

/// Stage one. The main thread has ended.
#[pyfunction(name = "_sundown_main_thread_ended")]
fn stage_one(py: Python<'_>) {
    py.detach(|| {
        exit::lives().for_each(|live| quietly(|| live.cancel_at_main_end()));
    });
}

/// Stage two. Nothing new starts, everything is torn down, the gate closes.
///
/// # Errors
///
/// What the handler of a signal raised meanwhile, but for `KeyboardInterrupt`.
fn stage_two(py: Python<'_>) -> PyResult<()> {
    let state = STATE.get();
    let mut hurry = Hurry::default();
    let is_installed = state.is_installed.load(Ordering::Acquire);
    // Before the first refusal. An error makes threads loud, not unsafe.
    hurry.note(py, uncaught::quieten(py));
    let Some(over) = state.first.begin() else {
        py.detach(|| state.first.comes_second(state.timeout()));
        return hurry.finish(py);
    };
    if !py.detach(closing::begin) {
        return hurry.finish(py);
    }
    let start = Instant::now();
    let share = budget::begin(py, state.timeout());
    let report = tear_down(py, share, &mut hurry);
    quietly(|| GATE_CLOSED.call(py));
    if hurry.is_hurried() {
        budget::use_up(py);
    } else {
        budget::end(py, start.elapsed());
    }
    let is_main_another = second::is_main_another(py);
    let report = with_audit(py, report);
    py.detach(|| {
        quietly(|| publish(&report, is_installed));
        if is_main_another {
            state.first.waits_for_main();
        }
    });
    drop(over);
    hurry.finish(py)
}

/// Stops everything that lives within `timeout`, then closes the gate. Waits detached.
fn tear_down(py: Python<'_>, timeout: Duration, hurry: &mut Hurry) -> Report {
    let driver = Driver::blocking();
    let start = driver.now();
    let end = driver.after(timeout);
    let for_gate = (timeout / 10).min(GATE_MAX);
    let mut progress = Progress::new(format!("exit of {}", NAME.get().map_or("a module", |name| name)));
    progress.requested = Some(start);
    let mut interrupts = Interrupts::new(start, end - for_gate);
    let sent = closing::stats().interrupts;
    let mut waves = Waves::default();
    while let Some(wave) = py.detach(|| waves.next(exit::lives())) {
        let left = waves::share((end - for_gate).saturating_duration_since(driver.now()), wave.is_followed);
        quietly(|| stop(py, &wave, left, &driver, &mut interrupts, &mut progress.children, hurry));
    }
    let hurried = hurry.is_hurried();
    if hurried {
        let mut step = Progress::new("signal");
        step.detail("its handler raised: what was left was forced at once");
        step.finish(Outcome::Stopped, driver.now());
        progress.children.push(step);
    }
    py.detach(|| {
        let mut left = Left::default();
        quietly(|| left = leaving::wait(&mut interrupts));
        let sent = closing::stats().interrupts - sent;
        if sent > 0 {
            let mut step = Progress::new("Python code under way");
            step.requested = Some(start);
            step.detail(format!("sent {sent} asynchronous exceptions"));
            if left.parked > 0 {
                step.detail(format!("{} of the threads caught them, and were parked for good", left.parked));
            }
            step.finish(left.outcome(), driver.now());
            progress.children.push(step);
        }
        let for_gate = driver.now() + for_gate;
        progress.children.push(close_gate(if hurried { for_gate } else { end.max(for_gate) }));
        progress.finish(plan::worst(&progress), driver.now());
        Report::of(&progress, None, Some(timeout), driver.now())
    })
}

/// Stops those of a wave at the same time, each with the whole of `timeout`, or with none once a signal hurries the
/// exit; what became of them is added to `progresses`.
fn stop(
    py: Python<'_>,
    wave: &Wave,
    timeout: Duration,
    driver: &Arc<Driver>,
    interrupts: &mut Interrupts,
    progresses: &mut Vec<Progress>,
    hurry: &mut Hurry,
) {
    let (mut stopped, mut resources): (Vec<_>, Vec<_>) = py.detach(|| {
        let reached = wave.stopped.iter().filter_map(|live| {
            let resource = Arc::clone(live).teardown()?;
            Some((Progress::new(format!("{} ({})", live.name(), live.created())), resource))
        });
        reached.unzip()
    });
    if !hurry.is_hurried() {
        let wait = run(wave, timeout, driver, interrupts, &mut resources, &mut stopped);
        if let Err(error) = block_on::last_teardown(py, driver, wait) {
            hurry.by(py, error);
        }
    }
    if hurry.is_hurried() {
        interrupts.hurry(driver.now());
        py.detach(|| {
            driver::block_on(driver, run(wave, Duration::ZERO, driver, interrupts, &mut resources, &mut stopped));
        });
    }
    py.detach(|| drop(resources));
    progresses.append(&mut stopped);
}

/// The waits of a wave, and the exceptions for what runs Python meanwhile. Dropped and made anew it goes on.
async fn run(
    wave: &Wave,
    timeout: Duration,
    driver: &Arc<Driver>,
    interrupts: &mut Interrupts,
    resources: &mut [Box<dyn Teardown + Send>],
    progresses: &mut [Progress],
) {
    let steps = resources.iter_mut().map(Step::new).zip(progresses).collect();
    let teardown = pin!(plan::run_together(steps, timeout, driver));
    let interrupts = pin!(interrupts.run(&wave.running, driver));
    match select(teardown, interrupts).await {
        Either::Left(((), _)) => {}
        Either::Right((never, _)) => match never {},
    }
}

fn close_gate(deadline: Instant) -> Progress {
    let mut progress = Progress::new("gate");
    progress.requested = Some(Instant::now());
    let outcome = match gate::close(deadline) {
        0 => Outcome::Stopped,
        1 => Outcome::abandoned("one thread of ours is still inside Python"),
        inside => Outcome::abandoned(format!("{inside} threads of ours are still inside Python")),
    };
    progress.finish(outcome, Instant::now());
    progress
}

/// With what is still alive, if anything did not stop, or somebody is going to read the report and anything is left. A clean exit
/// does not look. Nor do modules but the last: what the others have is not theirs to know.
fn with_audit(py: Python<'_>, report: Report) -> Report {
    if (report.is_clean() && !is_asked_for()) || !budget::is_last(py) {
        return report;
    }
    let mut audit = None;
    quietly(|| audit = exit::take_audit(py).ok());
    match audit.filter(Audit::has_others) {
        Some(audit) => report.with_audit(audit),
        None => report,
    }
}

/// Whether the environment asks for the report.
fn is_asked_for() -> bool {
    std::env::var_os("SUNDOWN_EXIT_REPORT").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Prints the report if the environment asks for it, and emits it as an event; not that of a module which was imported only.
fn publish(report: &Report, is_installed: bool) {
    if is_asked_for() && (is_installed || report.steps().len() > 1) {
        // Not `eprintln!`: the stream may be closed by now.
        let _ = writeln!(std::io::stderr(), "{report}");
    }
    // A process that used nothing has nothing to report.
    if report.steps().len() > 1 || !report.is_clean() {
        observe::finished(report);
    }
}
