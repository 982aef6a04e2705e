//! How much of what is left each step may have.

use std::time::Duration;

#[cfg(feature = "run")]
use crate::plan::Spec;
use crate::plan::StepSpec;

/// The part of the whole that the steps without a timeout share that wait for others: a sixth.
const RESERVED: u128 = 6;

/// What such a step has at least, unless an even part of the whole is less: enough to close something.
const CLOSES: Duration = Duration::from_millis(500);

/// The chains of `after` of one plan.
///
/// What is left belongs to the step that runs now, but for the reserve of those behind it, on its longest chain. The reserve
/// of a step is its timeout; that of one without is its part of a sixth of the whole, and half a second at least, if there
/// is so much for each. Where the reserves do not fit into what is left, those that want the most are cut to the same
/// length.
///
/// So a timeout is a cap and not a grant: a step in front takes nothing from those behind. No step gets less than its
/// reserve, or an even part of the whole, divided by the number of steps on the longest chain through it, whichever is
/// shorter. A step that waits for none has no less than such an even part.
pub(super) struct Chains {
    steps: &'static [StepSpec],
    /// The steps that wait for each one.
    dependents: Vec<Vec<usize>>,
    /// All steps, each before those that it waits for.
    last_first: Vec<usize>,
    /// In nanoseconds: what the steps in front leave to each one. All of it, where there are none.
    reserves: Vec<u128>,
    /// The largest of those that steps in front leave.
    largest: u128,
}

impl Chains {
    /// `whole` is what all steps have that have not `ended`.
    pub(super) fn of(steps: &'static [StepSpec], ended: &[bool], whole: Duration) -> Self {
        let mut dependents = vec![Vec::new(); steps.len()];
        for (i, step) in steps.iter().enumerate() {
            step.after.iter().for_each(|&before| dependents[before].push(i));
        }
        let mut left: Vec<usize> = dependents.iter().map(Vec::len).collect();
        let mut last_first: Vec<usize> = (0..steps.len()).filter(|&i| left[i] == 0).collect();
        let mut next = 0;
        while let Some(&i) = last_first.get(next) {
            next += 1;
            for &before in steps[i].after {
                left[before] -= 1;
                if left[before] == 0 {
                    last_first.push(before);
                }
            }
        }
        let mut chains = Chains { steps, dependents, last_first, reserves: Vec::new(), largest: 0 };
        chains.reserve(ended, whole.as_nanos());
        chains
    }

    fn reserve(&mut self, ended: &[bool], whole: u128) {
        let is_first = |i: usize| self.steps[i].after.iter().all(|&before| ended[before]);
        let shares_a_part = |i: usize| !ended[i] && !is_first(i) && self.steps[i].timeout.is_none();
        // Of the chains through each step: how many steps are on one, and how many of those share the part.
        let lengths = self.through(|i| u128::from(!ended[i]));
        let sharing = self.through(|i| u128::from(shares_a_part(i)));
        let reserve = |i: usize| match self.steps[i].timeout {
            _ if ended[i] => 0,
            Some(timeout) => timeout.as_nanos(),
            None if is_first(i) => whole,
            None => (whole / RESERVED / sharing[i]).max((whole / lengths[i]).min(CLOSES.as_nanos())),
        };
        let reserves: Vec<u128> = (0..self.steps.len()).map(reserve).collect();
        self.largest = (0..self.steps.len()).filter(|&i| !is_first(i)).map(|i| reserves[i]).max().unwrap_or(0);
        self.reserves = reserves;
    }

    /// The share of a step that starts now, when so much of the whole is left.
    pub(super) fn share(&self, step: usize, left: Duration) -> Duration {
        let (left, reserve) = (left.as_nanos(), self.reserves[step]);
        let share = match left.checked_sub(self.behind(step)) {
            Some(rest) if rest >= reserve.min(self.largest) => rest,
            _ => reserve.min(self.level(step, left)),
        };
        let share = Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX));
        self.steps[step].timeout.map_or(share, |cap| cap.min(share))
    }

    /// The reserves behind a step, on the chain that has the most.
    fn behind(&self, step: usize) -> u128 {
        if self.dependents[step].is_empty() {
            return 0;
        }
        self.needs(step, |i| if i == step { 0 } else { self.reserves[i] })
    }

    /// The most that each step on the chains from `first` can have, unless its reserve is less.
    fn level(&self, first: usize, left: u128) -> u128 {
        let steps = self.needs(first, |_| 1);
        let (mut enough, mut too_much) = (left / steps, left + 1);
        while too_much - enough > 1 {
            let level = enough.midpoint(too_much);
            let fits = self.needs(first, |i| self.reserves[i].min(level)) <= left;
            *if fits { &mut enough } else { &mut too_much } = level;
        }
        enough
    }

    /// What the chain from `first` needs that needs the most, if `part` says what each step gets.
    fn needs(&self, first: usize, part: impl Fn(usize) -> u128) -> u128 {
        let mut needs = vec![0; self.steps.len()];
        for &i in &self.last_first {
            let behind = self.dependents[i].iter().map(|&behind| needs[behind]).max().unwrap_or(0);
            needs[i] = part(i) + behind;
            if i == first {
                break;
            }
        }
        needs[first]
    }

    /// The same of each step, and of whole chains, with what is in front of it.
    fn through(&self, part: impl Fn(usize) -> u128) -> Vec<u128> {
        let most = |of: &[usize], needs: &[u128]| of.iter().map(|&i| needs[i]).max().unwrap_or(0);
        let (mut from, mut to) = (vec![0; self.steps.len()], vec![0; self.steps.len()]);
        for &i in &self.last_first {
            from[i] = part(i) + most(&self.dependents[i], &from);
        }
        for &i in self.last_first.iter().rev() {
            to[i] = part(i) + most(self.steps[i].after, &to);
        }
        (0..self.steps.len()).map(|i| from[i] + to[i] - part(i)).collect()
    }
}

/// The most that the steps have that wait for none, of `left`: of those that others wait for, if there are any.
#[cfg(feature = "run")]
pub(crate) fn drain_share(spec: &'static Spec, left: Duration) -> Duration {
    let chains = Chains::of(spec.steps, &vec![false; spec.steps.len()], left);
    let first = (0..spec.steps.len()).filter(|&i| spec.steps[i].after.is_empty());
    let awaited = first.filter(|&i| !chains.dependents[i].is_empty());
    awaited.map(|i| chains.share(i, left)).max().unwrap_or(left)
}
