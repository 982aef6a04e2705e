//! What a guard costs: creation, dismissal and drop, with the registry on and off, beside the floor of any such type: an
//! `Arc` of the same size with a lock in it.
//!
//! `cargo xtask bench guard`. Batches alternate between the variants, and the medians are printed.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use sundown::{ShutdownGuard, must_shutdown, registry};

const BATCH: usize = 10_000;
const ROUNDS: usize = 101;

#[must_shutdown(manual)]
struct Guarded {
    guard: ShutdownGuard<Self>,
}

/// A value with a guard, from its making to its drop.
fn guard() {
    let value = black_box(Guarded { guard: ShutdownGuard::new() });
    value.guard.dismiss();
}

/// What no guard could do without.
fn floor() {
    drop(black_box(Arc::new(Mutex::new([0_u64; 32]))));
}

fn main() {
    println!("ns for one guard, created, dismissed and dropped; median and 99th percentile of {ROUNDS} batches");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    table("outside a runtime, one thread", || ());
    table("inside a runtime, one thread", || runtime.enter());
    contended("outside a runtime, two threads, each", 2);
    registry::set_enabled(true);
    with_others(100_000);
}

fn table<G>(title: &str, enter: impl Fn() -> G) {
    let _entered = enter();
    let variants: [(&str, bool, fn()); 3] =
        [("registry on", true, guard), ("registry off", false, guard), ("floor", false, floor)];
    let mut times = variants.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, enabled, operation), times) in variants.iter().zip(&mut times) {
            registry::set_enabled(*enabled);
            times.push(batch(*operation));
        }
    }
    println!("{title}");
    for ((name, ..), times) in variants.iter().zip(times) {
        print(name, times);
    }
}

fn contended(title: &str, threads: usize) {
    println!("{title}");
    for (name, enabled) in [("registry on", true), ("registry off", false)] {
        registry::set_enabled(enabled);
        let running: Vec<_> =
            (0..threads).map(|_| thread::spawn(|| (0..ROUNDS).map(|_| batch(guard)).collect::<Vec<_>>())).collect();
        print(name, running.into_iter().flat_map(|thread| thread.join().unwrap()).collect());
    }
}

/// The cost must not grow with the number of values that live.
fn with_others(others: usize) {
    let values: Vec<_> = (0..others).map(|_| Guarded { guard: ShutdownGuard::new() }).collect();
    println!("outside a runtime, one thread, beside {others} others");
    print("registry on", (0..ROUNDS).map(|_| batch(guard)).collect());
    let start = Instant::now();
    let rows = registry::snapshot().rows().len();
    println!("  a snapshot of {rows} rows: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    values.iter().for_each(|value| value.guard.dismiss());
}

/// Nanoseconds for one.
fn batch(operation: fn()) -> f64 {
    let start = Instant::now();
    (0..BATCH).for_each(|_| operation());
    start.elapsed().as_secs_f64() * 1e9 / BATCH as f64
}

fn print(name: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    println!("  {name:14} {:>8.1} {:>8.1}", times[times.len() / 2], times[times.len() * 99 / 100]);
}
