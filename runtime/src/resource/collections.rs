//! `Teardown` for what holds other resources: `Option`, `Box`, `Vec`, maps, arrays, tuples, `Arc`.
//!
//! The parts of a collection are asked and waited for together. Between a shutdown that was dropped half-way and the next
//! one, a collection must not lose or reorder parts: their progresses are found by position.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::future::ready;
use std::hash::BuildHasher;
use std::sync::Arc;

use crate::plan::{self, Step};
use crate::teardown::nest::{self, Nest};
use crate::teardown::together::Together;
use crate::teardown::{Ended, Outcome, Progress, Teardown, Wait, Watch};

/// `None` has stopped.
impl<T: Teardown + Send + 'static> Teardown for Option<T> {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(value) = self {
            value.request(progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        match self {
            Some(value) => value.wait(progress),
            None => Box::pin(ready(Outcome::Stopped)),
        }
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        match self {
            Some(value) => value.wait_in(progress, nest),
            None => Box::pin(ready(Outcome::Stopped)),
        }
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(value) = self {
            value.force(progress);
        }
    }

    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        match self {
            Some(value) => value.watch(progress),
            None => Box::pin(ready(None)),
        }
    }

    fn is_idle(&self) -> bool {
        self.as_ref().is_none_or(Teardown::is_idle)
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(self.take()))
    }
}

impl<T: Teardown + ?Sized> Teardown for Box<T> {
    fn request(&mut self, progress: &mut Progress) {
        (**self).request(progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        (**self).wait(progress)
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        (**self).wait_in(progress, nest)
    }

    fn force(&mut self, progress: &mut Progress) {
        (**self).force(progress);
    }

    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        (**self).watch(progress)
    }

    fn is_idle(&self) -> bool {
        (**self).is_idle()
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        (**self).detach()
    }
}

/// Torn down through `&T`: for handle types, and for `#[must_shutdown(shared)]`.
impl<T: Send + Sync + 'static> Teardown for Arc<T>
where
    for<'a> &'a T: Teardown,
{
    fn request(&mut self, progress: &mut Progress) {
        (&**self).request(progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let mut value: &T = self;
            value.wait(progress).await
        })
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        let nest = nest.clone();
        Box::pin(async move {
            let mut value: &T = self;
            value.wait_in(progress, &nest).await
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        (&**self).force(progress);
    }

    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move {
            let mut value: &T = self;
            value.watch(progress).await
        })
    }

    fn is_idle(&self) -> bool {
        Teardown::is_idle(&&**self)
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(Arc::clone(self)))
    }
}

/// The parts of a collection, with what tells them apart in its report.
pub(super) type Parts<'a> = Vec<(Step<'a>, Key<'a>)>;

pub(super) enum Key<'a> {
    Index(usize),
    Of(&'a (dyn Debug + Sync)),
}

/// Makes sure that each part has a `Progress`, and pairs them.
fn pair<'a, 'm>(parts: Parts<'a>, progress: &'m mut Progress) -> Vec<(Step<'a>, &'m mut Progress)> {
    for (i, (_, key)) in parts.iter().enumerate().skip(progress.children.len()) {
        let name = match key {
            Key::Index(index) => format!("{}[{index}]", progress.name),
            Key::Of(key) => format!("{}[{key:?}]", progress.name),
        };
        progress.child(i, || name.into());
    }
    for child in &mut progress.children {
        child.driver.clone_from(&progress.driver);
        child.context = progress.context.clone();
        child.deadline = progress.deadline;
        child.judges = progress.judges;
    }
    parts.into_iter().map(|(step, _)| step).zip(&mut progress.children).collect()
}

pub(super) fn request(parts: Parts<'_>, progress: &mut Progress) {
    let now = plan::now(progress);
    pair(parts, progress).into_iter().for_each(|(mut part, progress)| plan::request_step(&mut part, progress, now));
}

pub(super) async fn wait(parts: Parts<'_>, progress: &mut Progress, nest: Nest) -> Outcome {
    let now = plan::now(progress);
    let nest = &nest;
    let mut running: Together<_> = pair(parts, progress)
        .into_iter()
        .filter(|(_, progress)| progress.outcome.is_none())
        .map(async |(mut part, progress)| {
            plan::request_step(&mut part, progress, now);
            let outcome = plan::ended(&mut part, progress, nest).await;
            progress.finish(outcome, plan::now(progress));
        })
        .collect();
    while running.next().await.is_some() {}
    drop(running);
    plan::worst(progress)
}

pub(super) fn force(parts: Parts<'_>, progress: &mut Progress) {
    let now = plan::now(progress);
    for (mut part, progress) in pair(parts, progress) {
        if progress.outcome.is_none() {
            plan::request_step(&mut part, progress, now);
            plan::force_step(&mut part, progress, now);
        }
    }
}

/// The next of the parts that ends. A part that has ended is not watched again.
async fn watch(parts: Parts<'_>, progress: &mut Progress) -> Option<Ended> {
    let running: Together<_> = pair(parts, progress)
        .into_iter()
        .filter(|(_, progress)| progress.outcome.is_none())
        .map(async |(mut part, progress)| plan::watch_step(&mut part, progress).await)
        .collect();
    running.first().await
}

/// The operations over the parts of `$value`, for a type whose parts `$parts` lists.
macro_rules! collection {
    ([$($generics:tt)*] $type:ty, |$value:ident| $parts:expr, detach: |$detached:ident| $detach:expr) => {
        impl<$($generics)*> Teardown for $type {
            fn request(&mut self, progress: &mut Progress) {
                let $value = self;
                request($parts, progress);
            }

            fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
                let $value = self;
                let parts = $parts;
                Box::pin(nest::root(|nest| wait(parts, progress, nest)))
            }

            fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
                let $value = self;
                let parts = $parts;
                nest.enter(|nest| Box::pin(wait(parts, progress, nest)))
            }

            fn force(&mut self, progress: &mut Progress) {
                let $value = self;
                force($parts, progress);
            }

            fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
                let $value = self;
                let parts = $parts;
                Box::pin(watch(parts, progress))
            }

            fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
                let $detached = self;
                $detach
            }
        }
    };
}

fn indexed<'a, T: Teardown + Send + 'a>(parts: impl Iterator<Item = &'a mut T>) -> Parts<'a> {
    parts.enumerate().map(|(index, part)| (Step::new(part), Key::Index(index))).collect()
}

fn keyed<'a, K: Debug + Sync + 'a, T: Teardown + Send + 'a>(
    parts: impl Iterator<Item = (&'a K, &'a mut T)>,
) -> Parts<'a> {
    parts.map(|(key, part)| (Step::new(part), Key::Of(key as &(dyn Debug + Sync)))).collect()
}

collection!([T: Teardown + Send + 'static] Vec<T>, |parts| indexed(parts.iter_mut()),
    detach: |parts| Some(Box::new(std::mem::take(parts))));
collection!([K: Debug + Send + Sync + 'static, T: Teardown + Send + 'static, S: BuildHasher + Default + Send + 'static] HashMap<K, T, S>,
    |parts| keyed(parts.iter_mut()), detach: |parts| Some(Box::new(std::mem::take(parts))));
collection!([K: Debug + Ord + Send + Sync + 'static, T: Teardown + Send + 'static] BTreeMap<K, T>,
    |parts| keyed(parts.iter_mut()), detach: |parts| Some(Box::new(std::mem::take(parts))));
collection!([T: Teardown + Send + 'static, const N: usize] [T; N], |parts| indexed(parts.iter_mut()),
    detach: |parts| detach_each(indexed(parts.iter_mut())));

macro_rules! tuple {
    ($($name:ident $index:tt),+) => {
        collection!([$($name: Teardown + Send + 'static),+] ($($name,)+),
            |parts| vec![$((Step::new(&mut parts.$index), Key::Index($index))),+],
            detach: |parts| detach_each(vec![$((Step::new(&mut parts.$index), Key::Index($index))),+]));
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);

/// The parts of an array or tuple, moved out, if any can be. Then one that cannot is asked and forced here.
fn detach_each(mut parts: Parts<'_>) -> Option<Box<dyn Teardown + Send>> {
    let detached: Vec<_> = parts.iter_mut().map(|(part, _)| part.detach()).collect();
    if detached.iter().all(Option::is_none) {
        return None;
    }
    let parts: Vec<Box<dyn Teardown + Send>> = parts
        .into_iter()
        .zip(detached)
        .map(|((mut part, _), detached)| {
            detached.unwrap_or_else(|| {
                plan::request_and_force(&mut part);
                Box::new(Left)
            })
        })
        .collect();
    Some(Box::new(parts))
}

/// In the place of a part that was forced and left behind.
struct Left;

impl Teardown for Left {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(ready(plan::orphaned()))
    }

    fn force(&mut self, _progress: &mut Progress) {}
}
