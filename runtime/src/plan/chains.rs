//! How much of what is left each step may have.

use std::time::Duration;

#[cfg(feature = "run")]
use crate::plan::Spec;
use crate::plan::StepSpec;

/// The chains of `after` of one plan.
///
/// A step gets an even part of what is left: as much as every step behind it, on its longest chain, can have too. A step
/// with a timeout gets no more than that, and what it does not need is divided among the others. So a timeout is a cap
/// and not a grant: the steps in front take nothing from those behind. No step gets less than its timeout or an even part
/// of the whole, divided by the number of steps on the longest chain, whichever is shorter.
pub(super) struct Chains {
    steps: &'static [StepSpec],
    /// The steps that wait for each one.
    dependents: Vec<Vec<usize>>,
    /// All steps, each before those that it waits for.
    last_first: Vec<usize>,
    is_capped: bool,
}

impl Chains {
    pub(super) fn of(steps: &'static [StepSpec]) -> Self {
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
        Chains { steps, dependents, last_first, is_capped: steps.iter().any(|step| step.timeout.is_some()) }
    }

    /// The share of a step that starts now, when so much of the whole is left.
    pub(super) fn share(&self, step: usize, left: Duration) -> Duration {
        let even = self.even(step, left);
        self.steps[step].timeout.map_or(even, |cap| cap.min(even))
    }

    /// The most that every step on the longest chain from `first` can have, unless it wants less.
    fn even(&self, first: usize, left: Duration) -> Duration {
        // With parts of one nanosecond each: the number of steps on the longest chain.
        let steps = self.needs(first, |_| 1);
        if !self.is_capped {
            return nanos(left.as_nanos() / steps);
        }
        let whole = left.as_nanos();
        let fits = |even: u128| {
            let part = |cap: Option<Duration>| cap.map_or(even, |cap| cap.as_nanos().min(even));
            self.needs(first, part) <= whole
        };
        let (mut enough, mut too_much) = (whole / steps, whole + 1);
        while too_much - enough > 1 {
            // Mostly there is enough for all timeouts, and the first look is the last one.
            let even = if too_much > whole { whole } else { enough.midpoint(too_much) };
            *if fits(even) { &mut enough } else { &mut too_much } = even;
        }
        nanos(enough)
    }

    /// What the chain from `first` needs that needs the most, if `part` says what a step with this timeout gets.
    fn needs(&self, first: usize, part: impl Fn(Option<Duration>) -> u128) -> u128 {
        let mut needs = vec![0; self.steps.len()];
        for &i in &self.last_first {
            let behind = self.dependents[i].iter().map(|&behind| needs[behind]).max().unwrap_or(0);
            needs[i] = part(self.steps[i].timeout) + behind;
            if i == first {
                break;
            }
        }
        needs[first]
    }
}

/// The most that the steps have that wait for none, of `left`: of those that others wait for, if there are any.
#[cfg(feature = "run")]
pub(crate) fn drain_share(spec: &'static Spec, left: Duration) -> Duration {
    let chains = Chains::of(spec.steps);
    let first = (0..spec.steps.len()).filter(|&i| spec.steps[i].after.is_empty());
    let awaited = first.filter(|&i| !chains.dependents[i].is_empty());
    awaited.map(|i| chains.share(i, left)).max().unwrap_or(left)
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
