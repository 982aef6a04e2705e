//! Whatever the moment of a second and a third signal, the process ends within its budget and has said why.
//!
//! By default 24 random interleavings run, always the same ones; `SUNDOWN_INTERLEAVINGS=200` runs as many as it says, and
//! `SUNDOWN_SEED=7` others. A failure prints its number: `SUNDOWN_INTERLEAVINGS=17..18` runs that one again.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libc::{SIGINT, SIGTERM};

use super::running::Running;

const DEFAULT: Range<usize> = 0..24;

/// How many run at the same time: each one mostly waits.
const AT_ONCE: usize = 4;

/// The grace of each service.
const GRACE: u64 = 700;

/// Beyond the grace: the patience of the signals' thread, and a machine that is busy.
const SLACK: Duration = Duration::from_secs(15);

/// The stages that a signal may meet, by what the service says then.
const STAGES: [&str; 4] = ["starting", "started", "draining", "closing"];

#[test]
fn a_second_and_a_third_signal_at_every_stage() {
    let services: [&[&str]; 3] = [&["drain=60", "close=60"], &["stuck", "close=40"], &["close-blocks"]];
    // A service that is stopped during its start does not get to a later stage; without a signal none begins to drain.
    let mut stages: Vec<Vec<usize>> = vec![vec![0, 0], vec![0, 0, 0]];
    for second in 1..STAGES.len() {
        stages.push(vec![1, second]);
        stages.extend((second..STAGES.len()).map(|third| vec![1, second, third]));
    }
    let cases: Vec<_> = stages.iter().flat_map(|stages| services.map(|service| (stages, service))).collect();
    let next = AtomicUsize::new(0);
    in_parallel(|| {
        while let Some(&(stages, arguments)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let what = format!("{arguments:?}, {stages:?}");
            let mut service = Running::start(&[arguments, &["grace=700", "start=20", "forced=300"]].concat());
            service.says(STAGES[0]);
            let (mut stage, begun) = (0, Instant::now());
            for (signal, &at) in [SIGTERM, SIGINT, SIGTERM].into_iter().zip(stages) {
                if at > stage {
                    service.says(STAGES[at]);
                    stage = at;
                }
                service.signal(signal);
            }
            check(service, begun, stages.len(), &what);
        }
    });
}

#[test]
fn random_interleavings() {
    let cases = cases();
    let seed = std::env::var("SUNDOWN_SEED").map_or(1, |seed| seed.parse().expect("SUNDOWN_SEED is a number"));
    let next = AtomicUsize::new(cases.start);
    in_parallel(|| {
        loop {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= cases.end {
                return;
            }
            random_case(seed, case);
        }
    });
}

fn cases() -> Range<usize> {
    let Ok(text) = std::env::var("SUNDOWN_INTERLEAVINGS") else { return DEFAULT };
    let number = |text: &str| text.parse().expect("SUNDOWN_INTERLEAVINGS is a number or a range");
    match text.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => 0..number(&text),
    }
}

fn random_case(seed: u64, case: usize) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (case as u64 + 1));
    let mut arguments = vec![format!("grace={GRACE}"), format!("forced={}", random.below(400))];
    let mut maybe = |flag: String| {
        if random.below(3) == 0 {
            arguments.push(flag);
        }
    };
    maybe("stuck".to_owned());
    maybe("close-blocks".to_owned());
    maybe("drain=150".to_owned());
    maybe("close=100".to_owned());
    maybe("unready=100".to_owned());
    maybe("start=30".to_owned());
    maybe("stubborn-child".to_owned());
    maybe("work-fails".to_owned());
    maybe("blocks-workers".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let signals: Vec<(u64, i32)> = (0..=random.below(3))
        .map(|_| (random.below(400_000), if random.below(2) == 0 { SIGTERM } else { SIGINT }))
        .collect();
    let what = format!("case {case} of seed {seed}: {arguments:?}, {signals:?}");

    let mut service = Running::start(&arguments);
    service.says("starting");
    let begun = Instant::now();
    for &(micros, signal) in &signals {
        thread::sleep(Duration::from_micros(micros)); // the interleaving
        service.signal(signal);
    }
    check(service, begun + Duration::from_millis(400), signals.len(), &what);
}

/// It has ended in time, and by itself: the report is there, or another word, if there were three signals or a call of
/// the user's has blocked its thread.
#[track_caller]
fn check(service: Running, begun: Instant, signals: usize, what: &str) {
    let ended = service.ended();
    let took = ended.at.saturating_duration_since(begun);
    assert!(took < Duration::from_millis(GRACE) + SLACK, "{what}: {took:?}, {ended:#?}");
    assert!(ended.status.code().is_some(), "killed by a signal; {what}: {ended:#?}");
    let reported = ended.report.contains("stopped: ") && ended.report.contains("; exit code ");
    let third = signals > 2 && ended.report.contains("for the third time: exit");
    let blocked = what.contains("close-blocks") && ended.report.contains("the budget is used up");
    assert!(reported || third || blocked, "{what}: {ended:#?}");
}

fn in_parallel(work: impl Fn() + Sync) {
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(&work)).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % end
    }
}
