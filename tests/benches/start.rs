//! What the builder of `starting` costs when nothing fails: a value of ten fields, made by it and by a struct literal.
//!
//! `cargo xtask bench start`. Batches alternate between the variants, and the medians are printed.

use std::hint::black_box;
use std::time::Instant;

use sundown::{CancellationToken, ShutdownGuard, must_shutdown};

const BATCH: usize = 2_000;
const ROUNDS: usize = 101;

#[must_shutdown(starting)]
struct Ten {
    #[shutdown]
    a: CancellationToken,
    #[shutdown]
    b: CancellationToken,
    #[shutdown]
    c: CancellationToken,
    #[shutdown]
    d: CancellationToken,
    #[shutdown]
    e: CancellationToken,
    #[shutdown]
    f: CancellationToken,
    #[shutdown]
    g: CancellationToken,
    #[shutdown]
    h: CancellationToken,
    text: String,
    numbers: [u64; 16],
    guard: ShutdownGuard<Self>,
}

fn token() -> CancellationToken {
    CancellationToken::new()
}

fn by_literal() {
    let (a, b, c, d) = (token(), token(), token(), token());
    let (e, f, g, h) = (token(), token(), token(), token());
    let (text, numbers) = (String::new(), [0; 16]);
    ended(Ten { a, b, c, d, e, f, g, h, text, numbers, guard: ShutdownGuard::new() });
}

fn by_builder() {
    let start = Ten::starting().a(token()).b(token()).c(token()).d(token());
    let start = start.e(token()).f(token()).g(token()).h(token());
    ended(start.text(String::new()).numbers([0; 16]).finish());
}

fn ended(ten: Ten) {
    assert!(ten.text.is_empty() && ten.numbers[15] == 0);
    black_box(ten).guard.dismiss();
}

fn main() {
    println!(
        "ns for a value of ten fields, made, dismissed and dropped; median and 99th percentile of {ROUNDS} batches"
    );
    let variants: [(&str, fn()); 2] = [("struct literal", by_literal), ("builder", by_builder)];
    let mut times = variants.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, operation), times) in variants.iter().zip(&mut times) {
            let start = Instant::now();
            (0..BATCH).for_each(|_| operation());
            times.push(start.elapsed().as_secs_f64() * 1e9 / BATCH as f64);
        }
    }
    for ((name, _), mut times) in variants.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("  {name:14} {:>8.1} {:>8.1}", times[times.len() / 2], times[times.len() * 99 / 100]);
    }
}
