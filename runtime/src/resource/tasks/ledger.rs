//! Which tasks run, and the gate that lets no more in.
//!
//! The ledger is divided into shards, each behind a lock of its own, so that tasks that start and end on several workers
//! seldom meet. There is no counter and no flag beside them: a lock orders everything.
//!
//! Invariants, which the loom models below check:
//! 1. The gate closes in all shards at once: after a refusal, and after [`Ledger::close`], nobody is let in.
//! 2. A task that was let in is in the ledger until it leaves, and anyone who waits for the closed ledger to be empty
//!    waits for it. Once a shard is closed and empty it stays so, which is why a wait may look at one after the other.
//! 3. Anyone who waits is woken: it looks and takes its place under the lock under which the last one leaves.
//! 4. After [`Ledger::abort`] each abort handle has been given out exactly once, whether it was attached before or after; so
//!    has, after [`Ledger::abort_present`], that of each task that was in the ledger.
//! 5. A handle never ends up with somebody else: keys are used again, ids are not.
//! 6. Nothing of a user's runs under a lock: no waker is cloned, called or dropped, no abort handle dropped.

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::Location;
use std::task::{Context, Poll};

use crate::sync::modelled::{Mutex, MutexGuard, lock};
use crate::sync::waiters::{self, Registration, Waiters};

use super::slots::Slots;

#[cfg(not(sundown_loom))]
const SHARDS: usize = 8;
#[cfg(sundown_loom)]
const SHARDS: usize = 2;

/// Which tasks run, each aborted with an `A`.
pub(super) struct Ledger<A> {
    shards: [Shard<A>; SHARDS],
}

/// On a cache line of its own, so that one shard's lock does not slow down its neighbour's.
#[repr(align(64))]
struct Shard<A> {
    state: Mutex<State<A>>,
}

struct State<A> {
    closed: bool,
    aborted: bool,
    /// Whether a task was let in that is aborted as soon as the group is requested to stop.
    has_until_stopped: bool,
    last_id: u64,
    entries: Slots<Entry<A>>,
    waiters: Waiters,
}

/// One per task that runs, so it is kept small.
struct Entry<A> {
    name: Cow<'static, str>,
    location: &'static Location<'static>,
    id: Id,
    abort: Option<A>,
}

/// Unique within a shard, but for the lowest bits: whether the task blocks a thread, whether it is known why it ends,
/// whether it is aborted as soon as the group is requested to stop, and whether it is aborted once its handle is
/// attached.
#[derive(Clone, Copy)]
struct Id(u64);

impl Id {
    const BLOCKING: u64 = 1;
    const EXPLAINED: u64 = 2;
    const UNTIL_STOPPED: u64 = 4;
    const ABORTED: u64 = 8;
    const BITS: u32 = 4;

    fn is(self, other: Id) -> bool {
        self.0 >> Self::BITS == other.0 >> Self::BITS
    }

    fn has(self, bit: u64) -> bool {
        self.0 & bit != 0
    }

    fn is_blocking(self) -> bool {
        self.has(Self::BLOCKING)
    }
}

/// What a task is called, and what it is.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: Cow<'static, str>,
    pub(super) location: &'static Location<'static>,
    /// Whether it runs on a blocking thread, where it cannot be aborted once it has begun.
    pub(super) blocking: bool,
    /// Whether it is aborted as soon as the group is requested to stop.
    pub(super) until_stopped: bool,
}

impl Named {
    /// A task that does not block a thread, and hears of a stop by the group's token.
    pub(super) fn task(name: Cow<'static, str>, location: &'static Location<'static>) -> Self {
        Named { name, location, blocking: false, until_stopped: false }
    }
}

/// Where a task is in the ledger: its slot and its shard in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(usize);

impl Key {
    fn new(shard: usize, slot: usize) -> Self {
        Key(slot * SHARDS + shard)
    }

    fn shard(self) -> usize {
        self.0 % SHARDS
    }

    fn slot(self) -> usize {
        self.0 / SHARDS
    }
}

/// One who was let in, to whom the abort handle is yet to be attached.
pub(super) struct Entered {
    pub(super) key: Key,
    id: Id,
}

/// What became of a handle that was attached late.
#[derive(Debug)]
pub(super) enum Attached<A> {
    /// It is in the ledger.
    Kept,
    /// The task has left already.
    Left(A),
    /// It was aborted in the meantime, with others or everybody: this handle is yet to be used.
    Abort(A),
}

impl<A> Ledger<A> {
    pub(super) fn new() -> Self {
        Ledger { shards: std::array::from_fn(|_| Shard { state: Mutex::new(State::new()) }) }
    }

    /// Lets a task in, unless the gate is closed.
    pub(super) fn enter(&self, named: Named) -> Option<Entered> {
        let shard = next_shard();
        let mut state = self.lock(shard);
        if state.closed {
            return None;
        }
        state.last_id += 1;
        state.has_until_stopped |= named.until_stopped;
        let until_stopped = if named.until_stopped { Id::UNTIL_STOPPED } else { 0 };
        let id = Id(state.last_id << Id::BITS | u64::from(named.blocking) | until_stopped);
        let slot = state.entries.insert(Entry { name: named.name, location: named.location, id, abort: None });
        Some(Entered { key: Key::new(shard, slot), id })
    }

    /// Puts the handle of a task that was let in into the ledger.
    #[must_use = "the handle is dropped or used outside the lock"]
    pub(super) fn attach(&self, entered: &Entered, abort: A) -> Attached<A> {
        let mut state = self.lock(entered.key.shard());
        let aborted = state.aborted;
        match state.entries.get_mut(entered.key.slot()) {
            Some(entry) if entry.id.is(entered.id) => {
                if aborted || entry.id.has(Id::ABORTED) {
                    return Attached::Abort(abort);
                }
                entry.abort = Some(abort);
                Attached::Kept
            }
            _ => Attached::Left(abort),
        }
    }

    /// A task has ended.
    pub(super) fn leave(&self, key: Key) {
        let (entry, woken) = {
            let mut state = self.lock(key.shard());
            let entry = state.entries.remove(key.slot());
            (entry, state.woken())
        };
        drop(entry);
        waiters::wake(woken);
    }

    /// Closes the gate, for good.
    pub(super) fn close(&self) {
        let woken: Vec<_> = {
            let mut shards = self.lock_all();
            shards.iter_mut().for_each(|state| state.closed = true);
            shards.iter_mut().flat_map(|state| state.woken()).collect()
        };
        waiters::wake(woken);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock(0).closed
    }

    pub(super) fn len(&self) -> usize {
        self.lock_all().iter().map(|state| state.entries.len()).sum()
    }

    /// The tasks in the ledger.
    pub(super) fn all(&self) -> Vec<Named> {
        self.lock_all().iter().flat_map(|state| state.entries.iter().map(Entry::named)).collect()
    }

    /// The same, with what `of` says of each handle that is attached.
    pub(super) fn all_with<T>(&self, of: impl Fn(&A) -> T) -> Vec<(Named, Option<T>)> {
        let shards = self.lock_all();
        let entries = shards.iter().flat_map(|state| state.entries.iter());
        entries.map(|entry| (entry.named(), entry.abort.as_ref().map(&of))).collect()
    }

    /// The task is called otherwise from now on. What it was called, for the caller to drop.
    #[cfg(feature = "http")]
    pub(super) fn rename(&self, key: Key, name: Cow<'static, str>) -> Option<Cow<'static, str>> {
        let mut state = self.lock(key.shard());
        state.entries.get_mut(key.slot()).map(|entry| std::mem::replace(&mut entry.name, name))
    }

    /// It is known why this task ends before it is done.
    pub(super) fn explain(&self, key: Key) {
        if let Some(entry) = self.lock(key.shard()).entries.get_mut(key.slot()) {
            entry.id.0 |= Id::EXPLAINED;
        }
    }

    /// A task that ends before it is done; none if it is known why.
    pub(super) fn unexplained(&self, key: Key) -> Option<Named> {
        let state = self.lock(key.shard());
        let entry = state.entries.get(key.slot()).filter(|entry| !entry.id.has(Id::EXPLAINED));
        entry.filter(|_| !state.aborted).map(Entry::named)
    }

    /// Whether a task was aborted. One that blocks a thread runs on, so its error is its own.
    pub(super) fn is_aborted(&self, key: Key) -> bool {
        let state = self.lock(key.shard());
        let is_aborted = |id: Id| (state.aborted || id.has(Id::ABORTED)) && !id.is_blocking();
        state.entries.get(key.slot()).is_some_and(|entry| is_aborted(entry.id))
    }

    pub(super) fn named(&self, key: Key) -> Option<Named> {
        self.lock(key.shard()).entries.get(key.slot()).map(Entry::named)
    }

    /// The handles of all tasks but `except`, which the caller aborts. One that is attached later comes back as
    /// [`Attached::Abort`].
    pub(super) fn abort(&self, except: Option<Key>) -> Vec<(Named, Option<A>)> {
        let mut all = Vec::new();
        for (shard, mut state) in self.lock_all().into_iter().enumerate() {
            state.aborted = true;
            let others = state.entries.iter_mut().filter(|(slot, _)| except != Some(Key::new(shard, *slot)));
            all.extend(others.map(|(_, entry)| (entry.named(), entry.abort.take())));
        }
        all
    }

    /// The handles of those who are here now, which the caller aborts; that of one whose handle is attached later comes back
    /// as [`Attached::Abort`]. A task that is let in later is not aborted.
    pub(super) fn abort_present(&self) -> Vec<A> {
        self.lock_all().iter_mut().flat_map(|state| state.abort_those(|_| true)).collect()
    }

    /// As [`abort_present`](Self::abort_present), of those who are aborted as soon as the group is requested to stop.
    pub(super) fn abort_until_stopped(&self) -> Vec<A> {
        let mut shards = self.lock_all();
        let with_any = shards.iter_mut().filter(|state| state.has_until_stopped);
        with_any.flat_map(|state| state.abort_those(|id| id.has(Id::UNTIL_STOPPED))).collect()
    }

    /// Ready when the gate is closed and everybody has left, or everybody but the one that waits.
    pub(super) fn poll_empty(&self, waiting: &mut Waiting, cx: &mut Context<'_>) -> Poll<()> {
        while waiting.shard < SHARDS {
            let waker = cx.waker().clone();
            let mut state = self.lock(waiting.shard);
            if state.is_done(waiting.except.filter(|key| key.shard() == waiting.shard)) {
                let left = state.waiters.leave(&waiting.place);
                drop(state);
                drop(left);
                waiting.shard += 1;
                waiting.place = Registration::default();
                continue;
            }
            let replaced = state.waiters.register(&mut waiting.place, waker);
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// The one who waited does no more.
    pub(super) fn stop_waiting(&self, waiting: &Waiting) {
        if waiting.place.is_taken() {
            let left = self.lock(waiting.shard).waiters.leave(&waiting.place);
            drop(left);
        }
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, State<A>> {
        lock(&self.shards[shard].state)
    }

    /// All shards, always in the same order.
    fn lock_all(&self) -> Vec<MutexGuard<'_, State<A>>> {
        (0..SHARDS).map(|shard| self.lock(shard)).collect()
    }
}

/// The state of one wait for an empty ledger.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    shard: usize,
    place: Registration,
    except: Option<Key>,
}

impl Waiting {
    /// A wait by a task of the ledger itself, for all others.
    pub(super) fn except(key: Option<Key>) -> Self {
        Waiting { except: key, ..Waiting::default() }
    }
}

impl<A> State<A> {
    fn new() -> Self {
        State {
            closed: false,
            aborted: false,
            has_until_stopped: false,
            last_id: 0,
            entries: Slots::new(),
            waiters: Waiters::new(),
        }
    }

    /// The handles of some, whose end is explained from now on.
    fn abort_those(&mut self, is_one: impl Fn(Id) -> bool) -> Vec<A> {
        let those = self.entries.iter_mut().map(|(_, entry)| entry).filter(|entry| is_one(entry.id));
        those
            .filter_map(|entry| {
                entry.id.0 |= Id::EXPLAINED | Id::ABORTED;
                entry.abort.take()
            })
            .collect()
    }

    fn is_done(&self, except: Option<Key>) -> bool {
        let but = except.is_some_and(|key| self.entries.get(key.slot()).is_some());
        self.closed && self.entries.len() == usize::from(but)
    }

    /// Those who may have waited for this: one of them may be the last task itself.
    fn woken(&mut self) -> Vec<(u64, std::task::Waker)> {
        if self.closed && self.entries.len() <= 1 { self.waiters.take() } else { Vec::new() }
    }
}

impl<A> Entry<A> {
    fn named(&self) -> Named {
        Named {
            name: self.name.clone(),
            location: self.location,
            blocking: self.id.is_blocking(),
            until_stopped: self.id.has(Id::UNTIL_STOPPED),
        }
    }
}

/// The number of tasks of one spawner that go to one shard before the next one is taken. Those that were spawned together
/// mostly run, and end, on one worker: a shard per task would send each shard's lock from worker to worker (a tenth of a
/// large shutdown's time).
#[cfg(not(sundown_loom))]
const RUN: usize = 512;
#[cfg(sundown_loom)]
const RUN: usize = 1;

/// Each thread goes round the shards, so that neither one busy spawner nor several meet those who leave.
fn next_shard() -> usize {
    #[cfg(not(sundown_loom))]
    thread_local! {
        static NEXT: Cell<usize> = const { Cell::new(0) };
    }
    #[cfg(sundown_loom)]
    loom::thread_local! {
        static NEXT: Cell<usize> = Cell::new(0);
    }
    // A thread whose thread-locals are gone uses the first shard.
    NEXT.try_with(|next| next.replace(next.get().wrapping_add(1)) / RUN % SHARDS).unwrap_or(0)
}
