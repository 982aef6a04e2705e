//! The waits of values within values, polled side by side instead of one inside the other.
//!
//! A wait polls those of its parts, so the stack grows with every level of a tree: by about 32 kB in a debug build. So
//! every [`LEVELS`] levels a wait is not polled where it is awaited: it becomes an entry of the [`Root`], which polls it
//! from the bottom of the stack, and the one who awaits it gets its outcome by a wake.
//!
//! A wait borrows its value and its `Progress`, and an entry has no lifetime. What makes that sound (`erase`):
//! 1. An entry is only polled by its root, inside the poll of the root: as long as somebody polls that, what it borrows is
//!    borrowed.
//! 2. The entry's future does not outlive its [`Nested`], which has the lifetime: dropping that drops the future, and before
//!    it the futures of all entries below, which may borrow from it.
//! 3. A `Nested` is only ever held by a future of this crate's plans, collections and guarded values, none of which
//!    forgets it, also where the drop of a user's future panics (`Together`): it is made by [`Nest::enter`] alone, and a
//!    `Nest` is only passed from one to the next, by `Teardown::wait_in`, which is hidden. A `Teardown` of a user's has
//!    the default of that one: its own `wait`, with roots of their own below it. A root may be forgotten as a whole, and
//!    is not polled any more then.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_util::stream::{FuturesUnordered, Stream as _};

use crate::driver::RuntimeContext;
use crate::sync::first_panic::FirstPanic;
use crate::sync::lock;
use crate::teardown::{Outcome, Wait};

/// The number of levels that are polled one inside the other.
const LEVELS: usize = 8;

/// The id of the root, as the parent of an entry.
const ROOT: u64 = 0;

/// Where in a tree of waits a wait is: what it needs to make those of its parts.
#[derive(Clone)]
pub struct Nest {
    scope: Arc<Scope>,
    /// The entry that it is a part of.
    parent: u64,
    /// How many levels it is inside that one.
    level: usize,
}

#[derive(Default)]
struct Scope {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    last_id: u64,
    /// By id, so that what is within an entry comes after it.
    live: BTreeMap<u64, Live>,
    /// Those that the root has not seen.
    new: Vec<Arc<Entry>>,
}

struct Live {
    parent: u64,
    /// How many entries have this one as their parent.
    children: usize,
    entry: Arc<Entry>,
}

#[derive(Default)]
struct Entry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Taken out while it is polled; none once it has ended or was dropped.
    future: Option<Wait<'static>>,
    /// The runtime around the one who awaits it.
    context: RuntimeContext,
    outcome: Option<thread::Result<Outcome>>,
    /// Who awaits it.
    waker: Option<Waker>,
}

impl Nest {
    /// One level further in: the wait that `make` makes is polled there, or by the root.
    pub(crate) fn enter<'a>(&self, make: impl FnOnce(Nest) -> Wait<'a>) -> Wait<'a> {
        if self.level + 1 < LEVELS {
            return make(Nest { level: self.level + 1, ..self.clone() });
        }
        let id = self.scope.reserve();
        let future = make(Nest { scope: Arc::clone(&self.scope), parent: id, level: 0 });
        let entry = Arc::new(Entry::default());
        lock(&entry.state).future = Some(erase(future));
        self.scope.add(id, self.parent, Arc::clone(&entry));
        Box::pin(Nested { scope: Arc::clone(&self.scope), id, entry, is_new: true, borrows: PhantomData })
    }
}

/// Takes the lifetime away.
#[allow(unsafe_code, reason = "an entry is in a list of its root's, whose type has no lifetime")]
fn erase<'a>(wait: Wait<'a>) -> Wait<'static> {
    // SAFETY: only the lifetime differs. The module's header says why the future is neither polled nor dropped after `'a`.
    unsafe { std::mem::transmute::<Wait<'a>, Wait<'static>>(wait) }
}

impl Scope {
    fn reserve(&self) -> u64 {
        let mut entries = lock(&self.entries);
        entries.last_id += 1;
        entries.last_id
    }

    fn add(&self, id: u64, parent: u64, entry: Arc<Entry>) {
        let mut entries = lock(&self.entries);
        if let Some(parent) = entries.live.get_mut(&parent) {
            parent.children += 1;
        }
        entries.live.insert(id, Live { parent, children: 0, entry });
    }

    /// Takes an entry out and all that is below it, owners first.
    fn remove(&self, id: u64) -> Vec<Arc<Entry>> {
        let mut entries = lock(&self.entries);
        let Some(removed) = entries.live.remove(&id) else { return Vec::new() };
        if let Some(parent) = entries.live.get_mut(&removed.parent) {
            parent.children -= 1;
        }
        let mut all = vec![removed.entry];
        if removed.children > 0 {
            let mut below = BTreeSet::from([id]);
            for (id, live) in entries.live.range(id..) {
                if below.contains(&live.parent) {
                    below.insert(*id);
                    all.push(Arc::clone(&live.entry));
                }
            }
            entries.live.retain(|id, _| !below.contains(id));
        }
        all
    }
}

/// What awaits an entry, in its place.
struct Nested<'a> {
    scope: Arc<Scope>,
    id: u64,
    entry: Arc<Entry>,
    is_new: bool,
    borrows: PhantomData<&'a mut ()>,
}

impl Future for Nested<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let waker = cx.waker().clone();
        let context = self.is_new.then(RuntimeContext::current);
        let replaced = {
            let mut state = lock(&self.entry.state);
            match state.outcome.take() {
                Some(Ok(outcome)) => return Poll::Ready(outcome),
                Some(Err(payload)) => {
                    drop(state);
                    resume_unwind(payload);
                }
                None => {}
            }
            if let Some(context) = context {
                state.context = context;
            }
            state.waker.replace(waker)
        };
        drop(replaced);
        if std::mem::take(&mut self.is_new) {
            // The root, whose poll this is inside, looks when this returns.
            lock(&self.scope.entries).new.push(Arc::clone(&self.entry));
        }
        Poll::Pending
    }
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        let panic = FirstPanic::default();
        // The innermost first: it may borrow from the others.
        for entry in self.scope.remove(self.id).into_iter().rev() {
            let (future, waker) = {
                let mut state = lock(&entry.state);
                (state.future.take(), state.waker.take())
            };
            panic.catch(|| drop(future));
            panic.catch(|| drop(waker));
        }
        panic.resume();
    }
}

/// The outermost of a tree of waits, and the entries below it.
///
/// `future` is dropped before `entries`.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Root<F> {
    future: Pin<Box<F>>,
    scope: Arc<Scope>,
    entries: Option<FuturesUnordered<Polled>>,
}

/// The wait that `make` makes, as a root.
pub(crate) fn root<F: Future>(make: impl FnOnce(Nest) -> F) -> Root<F> {
    let scope = Arc::new(Scope::default());
    let future = Box::pin(make(Nest { scope: Arc::clone(&scope), parent: ROOT, level: 0 }));
    Root { future, scope, entries: None }
}

impl<F: Future> Future for Root<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if let Poll::Ready(output) = this.future.as_mut().poll(cx) {
            return Poll::Ready(output);
        }
        loop {
            let new = std::mem::take(&mut lock(&this.scope.entries).new);
            if new.is_empty() && this.entries.is_none() {
                return Poll::Pending;
            }
            let entries = this.entries.get_or_insert_default();
            entries.extend(new.into_iter().map(Polled));
            // Each that ends wakes the one who awaits it: another entry, which is polled in this loop, or `future`.
            while let Poll::Ready(Some(())) = Pin::new(&mut *entries).poll_next(cx) {}
            if lock(&this.scope.entries).new.is_empty() {
                return Poll::Pending;
            }
        }
    }
}

/// The poll of an entry by its root.
struct Polled(Arc<Entry>);

impl Future for Polled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (future, context) = {
            let mut state = lock(&self.0.state);
            (state.future.take(), state.context.clone())
        };
        let Some(mut future) = future else { return Poll::Ready(()) };
        let polled = context.within(|| catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))));
        let outcome = match polled {
            Ok(Poll::Pending) => {
                lock(&self.0.state).future = Some(future);
                return Poll::Pending;
            }
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(payload) => Err(payload),
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| drop(future))).and(outcome);
        let waker = {
            let mut state = lock(&self.0.state);
            state.outcome = Some(outcome);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Poll::Ready(())
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::pin::pin;

    use super::*;
    use crate::driver::{self, Driver};

    const DEPTH: usize = 5 * LEVELS + 3;

    /// What the levels of a chain do, and note: each borrows from the one around it.
    #[derive(Clone, Copy)]
    struct Chain<'a> {
        log: &'a Mutex<Vec<usize>>,
        innermost: Innermost,
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Innermost {
        Ends,
        Panics,
        Hangs,
        PanicsInItsDrop,
    }

    /// Reads what it borrows when it is dropped.
    struct Borrows<'a>(Chain<'a>, &'a String);

    impl Drop for Borrows<'_> {
        fn drop(&mut self) {
            let level: usize = self.1.parse().unwrap();
            lock(self.0.log).push(level);
            if level == DEPTH && self.0.innermost == Innermost::PanicsInItsDrop && !thread::panicking() {
                panic!("in its drop");
            }
        }
    }

    fn level<'a>(chain: Chain<'a>, around: &'a String, nest: &Nest) -> Wait<'a> {
        nest.enter(|nest| {
            Box::pin(async move {
                let own = (around.parse::<usize>().unwrap() + 1).to_string();
                let _borrows = Borrows(chain, around);
                if own.parse::<usize>().unwrap() < DEPTH {
                    return level(chain, &own, &nest).await;
                }
                let _innermost = Borrows(chain, &own);
                match chain.innermost {
                    Innermost::Ends => Outcome::Stopped,
                    Innermost::Panics => panic!("deep within"),
                    Innermost::Hangs | Innermost::PanicsInItsDrop => std::future::pending().await,
                }
            })
        })
    }

    /// The levels in the order in which they were dropped, and what `run` returned of the outermost.
    fn run<T>(innermost: Innermost, run: impl FnOnce(Pin<&mut dyn Future<Output = Outcome>>) -> T) -> (Vec<usize>, T) {
        let (log, zero) = (Mutex::default(), "0".to_owned());
        let chain = Chain { log: &log, innermost };
        let output = run(pin!(root(|nest| async move { level(chain, &zero, &nest).await })));
        (log.into_inner().unwrap(), output)
    }

    fn innermost_first() -> Vec<usize> {
        (0..=DEPTH).rev().collect()
    }

    fn poll_once(future: Pin<&mut dyn Future<Output = Outcome>>) {
        assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    #[test]
    fn the_outcome_comes_up() {
        let (dropped, outcome) = run(Innermost::Ends, |chain| driver::block_on(&Driver::blocking(), chain));
        assert!(outcome.is_stopped());
        assert_eq!(dropped, innermost_first());
    }

    #[test]
    fn a_panic_comes_up() {
        let (dropped, payload) = run(Innermost::Panics, |chain| {
            catch_unwind(AssertUnwindSafe(|| driver::block_on(&Driver::blocking(), chain))).unwrap_err()
        });
        assert_eq!(payload.downcast_ref(), Some(&"deep within"));
        assert_eq!(dropped, innermost_first());
    }

    /// What borrows is gone before what it borrows from.
    #[test]
    fn a_drop_begins_at_the_innermost() {
        let (dropped, ()) = run(Innermost::Hangs, poll_once);
        assert_eq!(dropped, innermost_first());
    }

    #[test]
    fn a_panic_in_a_drop_leaves_nothing_behind() {
        let (log, zero) = (Mutex::default(), "0".to_owned());
        let chain = Chain { log: &log, innermost: Innermost::PanicsInItsDrop };
        let mut boxed = Box::pin(root(|nest| async move { level(chain, &zero, &nest).await }));
        poll_once(boxed.as_mut());
        let payload = catch_unwind(AssertUnwindSafe(|| drop(boxed))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"in its drop"));
        assert_eq!(log.into_inner().unwrap(), innermost_first());
    }

    /// A wait that is late is dropped in the middle of a chain, and what is around it goes on.
    #[test]
    fn one_in_the_middle_is_dropped() {
        let log = Mutex::default();
        let chain = Chain { log: &log, innermost: Innermost::Hangs };
        let outermost = root(async |nest: Nest| {
            let around = "7".to_owned();
            {
                let mut late = level(chain, &around, &nest);
                let mut polls = 0;
                std::future::poll_fn(|cx| {
                    assert!(late.as_mut().poll(cx).is_pending());
                    polls += 1;
                    cx.waker().wake_by_ref();
                    if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
            let gone = std::mem::take(&mut *lock(&log));
            assert_eq!(gone, (7..=DEPTH).rev().collect::<Vec<_>>());
            // And another one in its place.
            level(Chain { innermost: Innermost::Ends, ..chain }, &around, &nest).await
        });
        assert!(driver::block_on(&Driver::blocking(), outermost).is_stopped());
    }
}
