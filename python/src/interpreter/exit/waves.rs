//! What stage two stops first, and what then.
//!
//! Objects, and event loops, come before the runtimes that no object owns: their tasks run there, and so do the timers and
//! sockets that they close with. A runtime that an object owns is stopped by the object, in its order.
//!
//! How the time is divided: while runtimes are still to come the first wave has two thirds of what is left (5 s: 4.9 s
//! without what is kept for the gate, so 3.27 s), and what it does not need goes to the second, which has all that is left.
//! The runtimes' third is for what blocks their threads and for the exceptions that interrupt it. Without such a runtime the
//! first wave has everything.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::interpreter::exit::Live;

/// Those that are stopped at the same time.
pub(super) struct Wave {
    /// Without what another one stops.
    pub(super) stopped: Vec<Arc<dyn Live>>,
    /// On whose threads the user's code may run meanwhile: these and their own, and those of later waves.
    pub(super) running: Vec<Arc<dyn Live>>,
    /// Whether another wave comes.
    pub(super) is_followed: bool,
}

/// Makes waves of what lives.
#[derive(Default)]
pub(super) struct Waves {
    seen: HashMap<usize, Weak<dyn Live>>,
    runtimes: Vec<Arc<dyn Live>>,
    /// Ids of runtimes and loops that open objects own; a closed object reports none.
    owned: HashSet<usize>,
}

impl Waves {
    /// The next one, of what lives now and was in none before. An object that is made late still comes before the runtimes.
    pub(super) fn next(&mut self, lives: impl Iterator<Item = Arc<dyn Live>>) -> Option<Wave> {
        // By the address, which is nobody else's while this has its place.
        let is_new = |live: &Arc<dyn Live>| self.seen.insert(live.id(), Arc::downgrade(live)).is_none();
        let lives: Vec<_> = lives.filter(is_new).collect();
        self.owned.extend(lives.iter().flat_map(|live| live.owned()));
        let (runtimes, objects): (Vec<_>, Vec<_>) = lives.into_iter().partition(|live| live.is_runtime());
        self.runtimes.extend(runtimes);
        let is_stopped_here = |live: &&Arc<dyn Live>| !self.owned.contains(&live.id());
        let runtimes: Vec<_> = self.runtimes.iter().filter(is_stopped_here).cloned().collect();
        if objects.is_empty() {
            let running = mem::take(&mut self.runtimes);
            return (!running.is_empty()).then_some(Wave { stopped: runtimes, running, is_followed: false });
        }
        let stopped = objects.iter().filter(is_stopped_here).cloned().collect();
        let running = objects.into_iter().chain(self.runtimes.iter().cloned()).collect();
        Some(Wave { stopped, running, is_followed: !runtimes.is_empty() })
    }
}

/// What a wave may take of what is left.
pub(super) fn share(left: Duration, is_followed: bool) -> Duration {
    if is_followed { left - left / 3 } else { left }
}
