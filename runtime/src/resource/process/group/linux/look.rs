//! One look at all processes, which misses none.
//!
//! `/proc` is no snapshot. Of a chain of processes, where each starts the next one and ends at once, a look can find none:
//! it passes the place of the next one too early, and comes to that of the old one too late. The group has the leader's
//! zombie all the while, so that no signal tells either. So a look ends with the ids that were given away since it began,
//! in the order in which they were, until there are no more. An id costs some 10 µs, a fork several times that: it ends on
//! a host that forks all the time, too.
//!
//! Members are those who descend from a member, and can be told by what is in `/proc`: by their group, say. An id is
//! allocated, then `/proc` has it, and only then its fork returns; so a process has not ended while one that it forks is in
//! between.
//!
//! Invariant: if a look is certain and has found no member alive, there is none, and never will be.
//! 1. A member that `/proc` had before the first listing is in it. So it was found, or had ended when its state was read.
//! 2. One whose id was allocated before the look began, and that `/proc` has got since the first listing: what forked it ran
//!    then, and is in that listing. It was found, or had ended when its state was read; then the fork was over, and the
//!    second listing has this one.
//! 3. One whose id was allocated since: its id is in one of the ranges. If `/proc` did not have it yet when it was looked
//!    for, then what forked it was alive, and had been looked for already, here or in a listing. So that was found.
//! 4. The last range is empty: no id was allocated since the one before it was begun, so none of its processes has forked.
//!
//! The ids of threads are in the ranges, too. Their processes have ids of their own, which are looked for. It is assumed that
//! less than all ids there are, 32,768 at least, are allocated during a look.

use std::collections::{BTreeMap, HashSet};
use std::io;

use super::procfs;
use crate::host::procfs::numbers;

/// Where a look looks: `/proc`, unless it is a test's.
pub(super) trait Source {
    /// What is known of a process.
    type Process;

    /// The ids of all processes.
    fn list(&mut self) -> io::Result<Vec<i32>> {
        numbers("/proc")
    }

    /// A process that is alive; none if nobody has the id, or who has it has ended. An error if that is not known.
    fn alive(&mut self, id: i32) -> io::Result<Option<Self::Process>>;

    /// The id that was allocated last, and the one that none reaches: from there on they are allocated from the first one
    /// again. None where nobody tells.
    fn last(&mut self) -> io::Result<Option<(i32, i32)>> {
        procfs::last_id()
    }
}

/// How many ids a look takes that are new, in a fraction of a second: who has asked may be on a thread of a runtime.
const MOST: usize = 2_000;

/// What a look has found.
pub(super) struct Found<P> {
    /// Those that were alive, by id.
    pub(super) alive: BTreeMap<i32, P>,
    /// Whether none was missed. Where nobody tells which id was allocated last, this is not known; it is taken for true.
    pub(super) certain: bool,
}

pub(super) fn look<S: Source>(source: &mut S) -> io::Result<Found<S::Process>> {
    let began = source.last()?;
    let first = source.list()?;
    let mut found = Found { alive: BTreeMap::new(), certain: true };
    found.add(source, first.iter().copied())?;
    let mut second = source.list()?;
    let first: HashSet<_> = first.into_iter().collect();
    second.retain(|id| !first.contains(id));
    found.add(source, second)?;

    let Some((mut seen, _)) = began else { return Ok(found) };
    let mut left = MOST;
    while let Some((last, end)) = source.last()?
        && last != seen
    {
        if left == 0 {
            found.certain = false;
            break;
        }
        // None of them is passed over: where there are too many, the rest is as if they came later.
        let new: Vec<i32> = since(seen, last, end).take(left).collect();
        left -= new.len();
        seen = new.last().copied().unwrap_or(last);
        found.add(source, new)?;
    }
    Ok(found)
}

/// The ids that were allocated after `seen`, up to `last`.
fn since(seen: i32, last: i32, end: i32) -> impl Iterator<Item = i32> {
    let (upper, lower) = if seen < last { (seen + 1..last + 1, 0..0) } else { (seen + 1..end, 1..last + 1) };
    upper.chain(lower)
}

impl<P> Found<P> {
    fn add(&mut self, source: &mut impl Source<Process = P>, ids: impl IntoIterator<Item = i32>) -> io::Result<()> {
        for id in ids {
            if let Some(process) = source.alive(id)? {
                self.alive.insert(id, process);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
