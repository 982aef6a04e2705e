//! How a plan divides its budget and what becomes of its steps, in paused time: the durations are exact.

mod division;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::driver;
use crate::sync::leaked::leaked;
use crate::teardown::Report;

/// A resource that ends some time after it was asked, or after it was forced, or never.
#[derive(Clone, Default)]
struct Fake {
    ends_after: Option<Duration>,
    ends_after_force: Option<Duration>,
    panics_in: Option<&'static str>,
    requested: Option<Instant>,
    forced: Option<Instant>,
    log: Arc<Mutex<Vec<(&'static str, Duration)>>>,
    start: Option<Instant>,
}

impl Fake {
    fn ends_after(ms: u64) -> Self {
        Fake { ends_after: Some(Duration::from_millis(ms)), ..Fake::default() }
    }

    fn stuck() -> Self {
        Fake { ends_after_force: Some(Duration::ZERO), ..Fake::default() }
    }

    fn hopeless() -> Self {
        Fake::default()
    }

    fn note(&self, what: &'static str) {
        let at = self.start.map_or(Duration::ZERO, |start| start.elapsed());
        self.log.lock().unwrap().push((what, at));
        assert!(self.panics_in != Some(what), "a panic in {what}");
    }

    fn at(&self, what: &str) -> Option<Duration> {
        self.log.lock().unwrap().iter().find(|(noted, _)| *noted == what).map(|(_, at)| *at)
    }
}

impl Teardown for Fake {
    fn request(&mut self, _progress: &mut Progress) {
        self.requested = Some(Instant::now());
        self.note("request");
    }

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let by_itself = self.requested.zip(self.ends_after).map(|(asked, after)| asked + after);
            let forced = self.forced.zip(self.ends_after_force).map(|(forced, after)| forced + after);
            match by_itself.into_iter().chain(forced).min() {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
            self.note("wait");
            Outcome::Stopped
        })
    }

    fn force(&mut self, _progress: &mut Progress) {
        self.forced = Some(Instant::now());
        self.note("force");
    }
}

const NAMES: [&str; 8] = ["V.0", "V.1", "V.2", "V.3", "V.4", "V.5", "V.6", "V.7"];

fn spec(timeout: Duration, steps: &[(&'static [usize], Option<Duration>)]) -> &'static Spec {
    let steps = steps.iter().zip(NAMES).map(|(&(after, timeout), name)| StepSpec { name, after, timeout, judges: &[] });
    leaked(Spec {
        name: "V",
        timeout,
        is_timeout_written: true,
        on_drop: None,
        manual: false,
        steps: leaked(steps.collect::<Vec<_>>()),
    })
}

fn start(fakes: &mut [Fake]) {
    fakes.iter_mut().for_each(|fake| fake.start = Some(Instant::now()));
}

async fn shut_down(spec: &'static Spec, fakes: &mut [Fake], progress: &mut Progress) -> Report {
    let driver = Driver::asynchronous();
    let steps = fakes.iter_mut().map(Step::new).collect();
    driver::run(&driver, run(spec, steps, progress, spec.timeout, &driver)).await;
    Report::of(progress, None, Some(spec.timeout), driver.now())
}

async fn report(spec: &'static Spec, fakes: &mut [Fake]) -> Report {
    start(fakes);
    shut_down(spec, fakes, &mut Progress::new("V")).await
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn words(report: &Report) -> Vec<&'static str> {
    report.steps().iter().map(|step| step.outcome().word()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_total_is_the_longest_chain() {
    let spec = spec(ms(10_000), &[(&[], None), (&[], None), (&[0, 1], None)]);
    let mut fakes = [Fake::ends_after(300), Fake::ends_after(500), Fake::ends_after(200)];
    let report = report(spec, &mut fakes).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.took(), ms(700));
    assert_eq!(report.steps()[2].requested_after(), Some(ms(500)), "asked when what it waits for has ended");
}

#[tokio::test(start_paused = true)]
async fn a_stuck_first_step_leaves_the_rest_their_share() {
    let spec = spec(ms(9_000), &[(&[], None), (&[0], None), (&[1], None)]);
    let mut fakes = [Fake::stuck(), Fake::stuck(), Fake::ends_after(740)];
    let report = report(spec, &mut fakes).await;
    assert_eq!(words(&report), ["forced", "forced", "stopped"]);
    assert_eq!(fakes[0].at("force"), Some(ms(7_400)), "9 s without a sixth of them, less 100 ms to finish");
    assert_eq!(fakes[1].at("request"), Some(ms(7_400)), "a confirmed force lets the next one go");
    assert_eq!(
        fakes[1].at("force"),
        Some(ms(7_400) + ms(850 - 85)),
        "1.6 s are left, and half of the sixth is reserved"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cap_bounds_its_step_and_the_budget_bounds_the_cap() {
    let spec = spec(ms(1_000), &[(&[], Some(ms(200))), (&[], Some(ms(60_000)))]);
    let mut fakes = [Fake::hopeless(), Fake::hopeless()];
    let report = report(spec, &mut fakes).await;
    assert_eq!(fakes[0].at("force"), Some(ms(180)), "a tenth of 200 ms is kept to finish");
    assert_eq!(fakes[1].at("force"), Some(ms(900)));
    assert_eq!(words(&report), ["abandoned", "abandoned"], "an unconfirmed force is no end");
    assert_eq!(report.took(), ms(1_000));
}

/// A step whose timeout is the whole budget used to leave nothing to those behind it.
#[tokio::test(start_paused = true)]
async fn a_cap_takes_nothing_from_the_steps_behind_it() {
    let spec = spec(ms(9_000), &[(&[], Some(ms(9_000))), (&[0], None), (&[1], None)]);
    let mut fakes = [Fake::stuck(), Fake::stuck(), Fake::ends_after(740)];
    let report = report(spec, &mut fakes).await;
    assert_eq!(words(&report), ["forced", "forced", "stopped"], "{report}");
    assert_eq!(fakes[0].at("force"), Some(ms(7_400)), "as without a timeout");
}

#[tokio::test(start_paused = true)]
async fn timeouts_that_fit_into_the_whole_are_granted() {
    let spec = spec(ms(10_000), &[(&[], Some(ms(7_000))), (&[0], Some(ms(2_000))), (&[1], Some(ms(1_000)))]);
    let mut fakes = [Fake::ends_after(6_900), Fake::ends_after(1_900), Fake::ends_after(900)];
    let report = report(spec, &mut fakes).await;
    assert!(report.is_clean(), "{report}");
}

/// Seven, two and one do not fit into five: the short ones are granted, and the long one is cut to what they leave.
#[tokio::test(start_paused = true)]
async fn a_whole_that_is_too_short_for_all_timeouts_cuts_the_longest() {
    let spec = spec(ms(5_000), &[(&[], Some(ms(7_000))), (&[0], Some(ms(2_000))), (&[1], Some(ms(1_000)))]);
    let mut fakes = [Fake::stuck(), Fake::ends_after(1_900), Fake::ends_after(900)];
    let report = report(spec, &mut fakes).await;
    assert_eq!(words(&report), ["forced", "stopped", "stopped"], "{report}");
    assert_eq!(fakes[0].at("force"), Some(ms(1_900)), "2 s, less 100 ms to finish");
}

/// The timeout of a later step is reserved for it, and what is left belongs to the one that runs.
#[tokio::test(start_paused = true)]
async fn what_the_reserves_leave_belongs_to_the_step_that_runs() {
    let spec = spec(ms(12_000), &[(&[], None), (&[0], Some(ms(2_000))), (&[1], None)]);
    let mut fakes = [Fake::stuck(), Fake::ends_after(1_890), Fake::ends_after(1_990)];
    let report = report(spec, &mut fakes).await;
    assert_eq!(words(&report), ["forced", "stopped", "stopped"], "{report}");
    assert_eq!(fakes[0].at("force"), Some(ms(7_900)), "12 s without 2 s and a sixth, less 100 ms to finish");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_any_move_spares_the_others() {
    let spec = spec(ms(1_000), &[(&[], None), (&[], None), (&[], None), (&[0, 1, 2], None)]);
    let mut fakes = [Fake::ends_after(10), Fake::ends_after(10), Fake::stuck(), Fake::ends_after(10)];
    for (fake, what) in fakes.iter_mut().zip(["request", "wait", "force"]) {
        fake.panics_in = Some(what);
    }
    let report = report(spec, &mut fakes).await;
    assert_eq!(words(&report), ["panicked", "panicked", "panicked", "stopped"]);
    assert_eq!(report.steps()[2].outcome().to_string(), "panicked: a panic in force");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_shutdown_goes_on_where_it_stopped() {
    let spec = spec(ms(10_000), &[(&[], None), (&[0], None), (&[1], None)]);
    let mut fakes = [Fake::ends_after(100), Fake::ends_after(1_000), Fake::ends_after(100)];
    start(&mut fakes);
    let mut progress = Progress::new("V");
    tokio::time::timeout(ms(500), shut_down(spec, &mut fakes, &mut progress)).await.expect_err("dropped half-way");
    let report = shut_down(spec, &mut fakes, &mut progress).await;
    assert!(report.is_clean());
    assert_eq!(report.took(), ms(1_200), "the second step went on with what it had left");
    for fake in &fakes {
        let operations: Vec<_> = fake.log.lock().unwrap().iter().map(|(what, _)| *what).collect();
        assert_eq!(operations, ["request", "wait"], "requested once, ended once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_shutdown_that_forced_does_not_force_again() {
    let spec = spec(ms(1_000), &[(&[], None)]);
    let mut fakes = [Fake { ends_after_force: Some(ms(80)), ..Fake::default() }];
    start(&mut fakes);
    let mut progress = Progress::new("V");
    tokio::time::timeout(ms(950), shut_down(spec, &mut fakes, &mut progress))
        .await
        .expect_err("dropped while settling");
    assert_eq!(words(&shut_down(spec, &mut fakes, &mut progress).await), ["forced"]);
    assert_eq!(fakes[0].log.lock().unwrap().iter().filter(|(what, _)| *what == "force").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_zero_forces_at_once_and_confirms() {
    let spec = spec(ms(0), &[(&[], None), (&[0], None), (&[1], None), (&[2], None)]);
    let mut fakes = [Fake::ends_after(0), Fake::stuck(), Fake::hopeless(), Fake::ends_after(60)];
    let report = report(spec, &mut fakes).await;
    assert_eq!(
        words(&report),
        ["stopped", "forced", "abandoned", "forced"],
        "what was ready, aborted, hopeless, in time"
    );
    assert!(fakes[1..].iter().all(|fake| fake.at("force") == Some(ms(0))), "nobody waited for another");
    assert_eq!(report.took(), ms(100));
}

/// The blocking driver has the same outcomes, in real time.
#[test]
fn the_blocking_driver_runs_the_same_plan() {
    struct Released(Option<std::sync::mpsc::Sender<std::task::Waker>>, Arc<Mutex<bool>>);
    impl Teardown for Released {
        fn request(&mut self, _progress: &mut Progress) {}
        fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
            Box::pin(std::future::poll_fn(|cx| {
                if *self.1.lock().unwrap() {
                    return std::task::Poll::Ready(Outcome::Stopped);
                }
                if let Some(send) = self.0.take() {
                    send.send(cx.waker().clone()).unwrap();
                }
                std::task::Poll::Pending
            }))
        }
        fn force(&mut self, _progress: &mut Progress) {}
    }
    let (send, receive) = std::sync::mpsc::channel::<std::task::Waker>();
    let released = Arc::new(Mutex::new(false));
    let other = std::thread::spawn({
        let released = Arc::clone(&released);
        move || {
            let waker = receive.recv().unwrap();
            *released.lock().unwrap() = true;
            waker.wake();
        }
    });
    let spec = spec(ms(60_000), &[(&[], None), (&[], Some(ms(20)))]);
    let (mut woken, mut stuck) = (Released(Some(send), Arc::clone(&released)), Released(None, Arc::default()));
    let driver = Driver::blocking();
    let mut progress = Progress::new("V");
    driver::block_on(
        &driver,
        run(spec, vec![Step::new(&mut woken), Step::new(&mut stuck)], &mut progress, spec.timeout, &driver),
    );
    assert_eq!(words(&Report::of(&progress, None, None, driver.now())), ["stopped", "abandoned"]);
    other.join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever the graph, and no matter what is stuck: the whole is bounded, nobody is asked before what it waits for has
    /// ended, everybody is asked, and only what ended by itself is called stopped.
    #[test]
    fn any_plan_is_bounded_and_in_order(
        edges in prop::collection::vec((0usize..8, 0usize..8), 0..12),
        steps in prop::collection::vec((prop::option::of(0u64..4_000), prop::option::of(0u64..300), prop::option::of(1u64..5_000)), 1..8),
        timeout in 0u64..6_000,
    ) {
        let n = steps.len();
        let after: Vec<Vec<usize>> =
            (0..n).map(|i| edges.iter().filter(|&&(a, b)| b == i && a < i).map(|&(a, _)| a).collect()).collect();
        let described: Vec<(&'static [usize], Option<Duration>)> =
            after.iter().zip(&steps).map(|(after, step)| (leaked(after.clone()).as_slice(), step.2.map(ms))).collect();
        let spec = spec(ms(timeout), &described);
        let mut fakes: Vec<Fake> = steps
            .iter()
            .map(|&(ends, forced, _)| Fake { ends_after: ends.map(ms), ends_after_force: forced.map(ms), ..Fake::default() })
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let report = runtime.block_on(report(spec, &mut fakes));

        // tokio's timer rounds up to a millisecond, at each link of a chain twice.
        let bound = if timeout == 0 { SETTLE_MAX } else { ms(timeout + 2 * n as u64) };
        prop_assert!(report.took() <= bound, "{} > {bound:?}\n{report}", report.took().as_millis());
        let ended = |i: usize| report.steps()[i].requested_after().unwrap() + report.steps()[i].took();
        let mut chains = vec![1u64; n];
        (0..n).for_each(|i| chains[i] += after[i].iter().map(|&before| chains[before]).max().unwrap_or(0));
        let even = timeout / chains.iter().max().unwrap();
        let reserves = division::reserves(&described, ms(timeout));
        for i in 0..n {
            let (cap, requested) = (steps[i].2.unwrap_or(u64::MAX), report.steps()[i].requested_after().unwrap());
            // Nobody takes a step's reserve away, or its even part of the whole, whichever is less. And what is left belongs
            // to the step that runs, but for the reserves behind it.
            let reserved = even.min(reserves[i]);
            let left = timeout.saturating_sub(requested.as_millis() as u64);
            let rest = left.saturating_sub(division::behind(&described, &reserves, i)).min(cap);
            if let Some(forced) = fakes[i].at("force").filter(|_| timeout > 0) {
                let got = forced - requested;
                for least in [reserved, rest] {
                    // What is kept to finish is a tenth of it, 100 ms at most.
                    let waits = ms(least.saturating_sub(least.div_ceil(10).min(100)).saturating_sub(2 * n as u64));
                    prop_assert!(got >= waits, "step {i} had {got:?} of {waits:?}\n{report}");
                }
            }
            prop_assert!(report.steps()[i].requested_after().is_some(), "nobody is forgotten");
            for &before in after[i].iter().filter(|_| timeout > 0) {
                prop_assert!(report.steps()[i].requested_after().unwrap() >= ended(before));
            }
            match report.steps()[i].outcome() {
                Outcome::Stopped => prop_assert!(fakes[i].at("wait").is_some() && fakes[i].at("force").is_none()),
                Outcome::Forced => prop_assert!(fakes[i].at("wait").is_some() && fakes[i].at("force").is_some()),
                Outcome::Abandoned { .. } => prop_assert!(fakes[i].at("wait").is_none()),
                other => prop_assert!(false, "{other}"),
            }
        }
    }
}
