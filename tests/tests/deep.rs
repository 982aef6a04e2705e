//! Trees of many levels, on a stack of 2 MB: a level costs what `docs/ARCHITECTURE.md` says, whatever is done to it.
#![cfg_attr(debug_assertions, allow(dead_code, reason = "x"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sundown::{Memo, Outcome, ShutdownGuard, Teardown, Wait, must_shutdown};

/// Notes how deep the stack is at each move.
#[derive(Clone, Default)]
struct Depth(Arc<[AtomicUsize; 4]>);

impl Depth {
    fn note(&self, at: usize) {
        let here = 0_u8;
        let address = std::ptr::from_ref(std::hint::black_box(&here)).addr();
        self.0[at].fetch_min(address, Ordering::Relaxed);
    }
}

impl Teardown for Depth {
    fn request(&mut self, _memo: &mut Memo) {
        self.note(0);
    }
    fn wait<'a>(&'a mut self, _memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            self.note(1);
            Outcome::Stopped
        })
    }
    fn force(&mut self, _memo: &mut Memo) {
        self.note(2);
    }
    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        self.note(3);
        Some(Box::new(self.clone()))
    }
}

#[must_shutdown(timeout = "60s", on_drop = "log")]
struct Level {
    #[shutdown]
    next: Option<Box<Level>>,
    #[shutdown]
    depth: Depth,
    guard: ShutdownGuard<Self>,
}

fn tree(levels: usize, depth: &Depth) -> Level {
    let mut top = Level { next: None, depth: depth.clone(), guard: ShutdownGuard::new() };
    for _ in 1..levels {
        top = Level { next: Some(Box::new(top)), depth: depth.clone(), guard: ShutdownGuard::new() };
    }
    top
}

fn fresh() -> Depth {
    Depth(Arc::new([const { AtomicUsize::new(usize::MAX) }; 4]))
}

#[test]
fn measure() {
    let measure = |name: &str, at: usize, f: fn(Level)| {
        let mut cost = Vec::new();
        for levels in [8, 24] {
            let depth = fresh();
            let tree = tree(levels, &depth);
            thread::Builder::new().stack_size(64 << 20).spawn(move || f(tree)).unwrap().join().unwrap();
            thread::sleep(std::time::Duration::from_millis(100));
            cost.push(depth.0[at].load(Ordering::Relaxed));
        }
        println!("{name}: {} bytes a level", (cost[0] as isize - cost[1] as isize) / 16);
    };
    measure("request", 0, |mut tree| tree.request(&mut Memo::new("x")));
    measure("wait", 1, |mut tree| drop(tree.shutdown_blocking()));
    measure("force", 2, |mut tree| tree.force(&mut Memo::new("x")));
    measure("detach", 3, |mut tree| drop(tree.detach()));
    measure("reaper", 1, |tree| drop(tree));
}
