//! The OS threads that run users' code for this crate: their ids, the object each works for, and that object's deadline.
//!
//! A list of the process, for an exit that has to know which threads may still be inside something (the Python side
//! interrupts the Python code that they run). Two kinds of thread are on it:
//!
//! - those that we start ([`Owner::adopt_current`]): from their first moment until their last destructor, whatever runs
//!   there;
//! - all others that run a part of something of ours ([`Owner::enter`]): a worker of the user's own runtime that polls
//!   a task of a `Tasks`. They are on the list until they end, but count only while they are inside.
//!
//! The list outlives the objects: a thread that its owner has given up is still there.
//!
//! Invariants:
//! 1. While the list is locked ([`each`]), every thread in it is alive: its last destructor, which takes it off, waits
//!    for the lock. So its id is nobody else's meanwhile.
//! 2. No lock is held across anything of a user's, and no `Owner` is dropped under the list's lock, which its drop takes.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use crate::host::fork::{PerProcess, generation};
use crate::sync::lock;

/// For whom threads work: a `Tasks`, a `Thread`, a runtime.
#[derive(Debug, Default)]
pub struct Owner {
    budget: Arc<Mutex<Option<Budget>>>,
    label: Option<Label>,
    /// Whether the list knows it: from its first thread on.
    known: AtomicBool,
}

/// What an owner is called, and where it was made; as the registry's label of it.
#[derive(Clone, Debug)]
pub struct Label {
    of_type: &'static str,
    name: Option<Cow<'static, str>>,
    location: &'static Location<'static>,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} `{name}` ({})", self.of_type, self.location),
            None => write!(f, "{} ({})", self.of_type, self.location),
        }
    }
}

/// From when until when somebody waits, or waited, for what an owner runs to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its begin.
    pub since: Instant,
    /// Its end.
    pub until: Instant,
}

impl Owner {
    /// Without a thread, and without a budget.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// With the label that the registry has for it.
    pub fn called(
        of_type: &'static str,
        name: Option<Cow<'static, str>>,
        location: &'static Location<'static>,
    ) -> Arc<Self> {
        let label = Some(Label { of_type, name, location });
        Arc::new(Owner { budget: Arc::default(), label, known: AtomicBool::new(false) })
    }

    /// A teardown begins to wait, within `budget`. The wait after a force only `confirms` it, and changes nothing.
    pub(crate) fn waits(&self, budget: Budget, confirms: bool) {
        let mut own = lock(&self.budget);
        if own.is_none() || !confirms {
            *own = Some(budget);
        }
    }

    /// That of the last teardown that waited; none before the first.
    pub fn budget(&self) -> Option<Budget> {
        *lock(&self.budget)
    }

    /// This thread works for this owner from now on, until it ends.
    pub fn adopt_current(self: &Arc<Self>) {
        self.make_known();
        with_listed(|listed| {
            listed.thread.home.store(self.id(), Ordering::Relaxed);
            let before = listed.home.replace(Some(Arc::clone(self)));
            drop(before);
        });
    }

    /// This thread works for this owner until the result is dropped, which must not outlive the caller's share of it.
    #[cfg_attr(not(feature = "tokio"), allow(dead_code, reason = "for Tasks"))]
    pub(crate) fn enter(self: &Arc<Self>) -> Inside {
        self.make_known();
        Inside(with_listed(|listed| listed.thread.inside.swap(self.id(), Ordering::Relaxed)))
    }

    fn make_known(&self) {
        if !self.known.load(Ordering::Relaxed) {
            let known = Known { budget: Arc::clone(&self.budget), label: self.label.clone() };
            lock(LIST.get()).owners.insert(self.id(), known);
            self.known.store(true, Ordering::Relaxed);
        }
    }

    /// Its address: nobody else's while it lives, and never zero.
    pub fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if *self.known.get_mut() {
            lock(LIST.get()).owners.remove(&self.id());
        }
    }
}

/// While it lives, the thread works for an owner.
#[must_use = "dropped, the thread has left"]
pub(crate) struct Inside(Option<usize>);

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(before) = self.0 {
            with_listed(|listed| listed.thread.inside.store(before, Ordering::Relaxed));
        }
    }
}

/// A thread on the list. The numbers are owners' ids, zero for none; each is written by the thread alone, and a reader that
/// comes at the same moment may see either: it reads what the thread did a moment ago in any case.
#[derive(Debug)]
struct UserThread {
    ident: u64,
    tid: u32,
    name: Option<String>,
    home: AtomicUsize,
    inside: AtomicUsize,
}

#[derive(Default)]
struct List {
    threads: Vec<Arc<UserThread>>,
    owners: HashMap<usize, Known>,
}

/// What the list knows of an owner.
struct Known {
    budget: Arc<Mutex<Option<Budget>>>,
    label: Option<Label>,
}

/// A forked child has none of its parent's threads. The one that has forked is its main thread now.
static LIST: PerProcess<Mutex<List>> = PerProcess::new(Mutex::default);

thread_local! {
    static LISTED: RefCell<Option<Listed>> = const { RefCell::new(None) };
}

/// What a thread has of its place on the list.
struct Listed {
    thread: Arc<UserThread>,
    /// Kept alive, so that its id stays its own.
    home: RefCell<Option<Arc<Owner>>>,
    generation: u32,
}

/// Called on each thread that comes onto the list, by itself. Submitted to [`inventory`]: what is set up by a call comes
/// after the first threads.
#[cfg(feature = "host-hooks")]
pub struct OnListed(pub fn());

#[cfg(feature = "host-hooks")]
inventory::collect!(OnListed);

impl Listed {
    fn new() -> Self {
        #[cfg(feature = "host-hooks")]
        for hook in inventory::iter::<OnListed> {
            (hook.0)();
        }
        let thread = Arc::new(UserThread {
            ident: current_ident(),
            tid: current_tid(),
            name: thread::current().name().map(str::to_owned),
            home: AtomicUsize::new(0),
            inside: AtomicUsize::new(0),
        });
        lock(LIST.get()).threads.push(Arc::clone(&thread));
        Listed { thread, home: RefCell::new(None), generation: generation() }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        // The parent's list may be locked for good, and this thread is not on the child's.
        if self.generation == generation() {
            lock(LIST.get()).threads.retain(|thread| !Arc::ptr_eq(thread, &self.thread));
        }
    }
}

/// None while the thread ends.
fn with_listed<R>(f: impl FnOnce(&Listed) -> R) -> Option<R> {
    LISTED
        .try_with(|listed| {
            if let Some(listed) = &*listed.borrow() {
                return f(listed);
            }
            let new = Listed::new();
            f(listed.borrow_mut().insert(new))
        })
        .ok()
}

/// A thread that works for somebody of ours now.
pub struct Working<'a> {
    /// What CPython calls it too: `pthread_self()`, or the id of the thread on Windows.
    pub ident: u64,
    /// What the system lists it by; 0 where that is not known.
    pub tid: u32,
    /// Its name.
    pub name: Option<&'a str>,
    /// What it works for, if that has a name: whose part it runs now, and whose it is.
    pub owners: [Option<NamedOwner<'a>>; 2],
    /// By when its owner waits for it, or has waited; the earliest, if it works for two. None if nobody ever did.
    pub budget: Option<Budget>,
}

/// An owner that has a name.
pub struct NamedOwner<'a> {
    /// [`Owner::id`]
    pub id: usize,
    /// What the registry calls it.
    pub label: &'a Label,
}

/// Calls `f` with each thread that works for somebody of ours now, but the caller. The list is locked meanwhile, so none of
/// them can end: `f` must neither block nor run anything of a user's.
pub fn each(mut f: impl FnMut(Working<'_>)) {
    let caller = current_ident();
    let list = lock(LIST.get());
    for thread in &list.threads {
        let owners = [&thread.inside, &thread.home].map(|owner| owner.load(Ordering::Relaxed));
        if thread.ident == caller || owners == [0, 0] {
            continue;
        }
        let known = || owners.iter().filter_map(|owner| list.owners.get(owner));
        let budget = known().filter_map(|known| *lock(&known.budget)).min_by_key(|budget| budget.until);
        let named = |id| Some(NamedOwner { id, label: list.owners.get(&id)?.label.as_ref()? });
        let owners = owners.map(named);
        f(Working { ident: thread.ident, tid: thread.tid, name: thread.name.as_deref(), owners, budget });
    }
}

/// What others know this thread by.
#[cfg(unix)]
#[allow(unsafe_code, reason = "std does not tell it")]
pub fn current_ident() -> u64 {
    // SAFETY: it has no preconditions.
    let thread = unsafe { libc::pthread_self() };
    thread as u64
}

/// What others know this thread by: its id. So CPython calls it too.
#[cfg(windows)]
#[allow(unsafe_code, reason = "std does not tell it")]
pub fn current_ident() -> u64 {
    // SAFETY: it has no preconditions.
    u64::from(unsafe { windows_sys::Win32::System::Threading::GetCurrentThreadId() })
}

#[cfg(not(any(unix, windows)))]
pub fn current_ident() -> u64 {
    // Unique, and no id of the system's: nobody looks for it there.
    thread_local!(static IDENT: u8 = const { 0 });
    IDENT.try_with(|ident| std::ptr::from_ref(ident).addr() as u64).unwrap_or(0)
}

/// What the system lists this thread by; 0 where that is not known.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "std does not tell it")]
pub fn current_tid() -> u32 {
    // SAFETY: it has no preconditions.
    unsafe { libc::gettid() }.cast_unsigned()
}

/// What the system lists this thread by; 0 where that is not known.
#[cfg(windows)]
pub fn current_tid() -> u32 {
    u32::try_from(current_ident()).unwrap_or(0)
}

/// What the system lists this thread by; 0 where that is not known.
#[cfg(target_os = "macos")]
#[allow(unsafe_code, reason = "std does not tell it")]
pub fn current_tid() -> u32 {
    let mut id = 0;
    // SAFETY: zero stands for this thread, and `id` is a local.
    let result = unsafe { libc::pthread_threadid_np(0, &raw mut id) };
    if result == 0 { u32::try_from(id).unwrap_or(u32::MAX) } else { 0 }
}

/// What the system lists this thread by; 0 where that is not known.
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub fn current_tid() -> u32 {
    0 // nothing lists it
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::driver::{self, Driver};
    use crate::resource::Thread;
    use crate::teardown::{Progress, Teardown};

    /// Whether that thread works for somebody, and by when.
    fn find(ident: u64) -> Option<Option<Budget>> {
        let mut found = None;
        each(|working| {
            if working.ident == ident {
                found = Some(working.budget);
            }
        });
        found
    }

    fn progress(timeout: Duration) -> Progress {
        let mut progress = Progress::new("step");
        let driver = Driver::blocking();
        progress.deadline = Some(driver.after(timeout));
        progress.driver = Some(driver);
        progress
    }

    #[test]
    fn a_thread_outlives_its_handle_on_the_list_and_leaves_it_when_it_ends() {
        let (sender, receiver) = mpsc::channel();
        let (stay, stays) = mpsc::channel::<()>();
        let thread = Thread::spawn("listed", move |_| {
            sender.send(current_ident()).unwrap();
            let _ = stays.recv();
        });
        let ended = thread.unwrap();
        let ident = receiver.recv().unwrap();
        assert_eq!(find(ident), Some(None), "nobody has waited for it");
        let other = ended.clone();
        drop(ended);
        assert_eq!(find(ident), Some(None));
        drop(stay);
        let driver = Driver::blocking();
        driver::block_on(&driver, async { Teardown::wait(&mut &other, &mut Progress::new("")).await });
        assert_eq!(find(ident), None);
    }

    #[test]
    fn other_threads_count_while_they_are_inside() {
        let owner = Owner::new();
        let (outer, inner) = (progress(Duration::from_secs(60)), progress(Duration::from_secs(5)));
        let nested = Owner::new();
        outer.bounds(&owner);
        inner.bounds(&nested);
        let (sender, receiver) = mpsc::channel();
        let (next, turn) = mpsc::channel::<()>();
        let foreign = thread::spawn({
            let (owner, nested) = (Arc::clone(&owner), Arc::clone(&nested));
            move || {
                let step = || {
                    sender.send(current_ident()).unwrap();
                    turn.recv().unwrap();
                };
                step();
                let inside = owner.enter();
                step();
                let deeper = nested.enter();
                step();
                drop(deeper);
                step();
                drop(inside);
                step();
            }
        });
        let until = || {
            let ident = receiver.recv().unwrap();
            let found = find(ident).map(|budget| budget.map(|budget| budget.until));
            next.send(()).unwrap();
            found
        };
        assert_eq!(until(), None);
        assert_eq!(until(), Some(outer.deadline));
        assert_eq!(until(), Some(inner.deadline));
        assert_eq!(until(), Some(outer.deadline));
        assert_eq!(until(), None);
        foreign.join().unwrap();
    }

    #[test]
    fn the_wait_after_a_force_does_not_move_the_end() {
        let owner = Owner::default();
        let mut progress = progress(Duration::from_secs(1));
        progress.bounds(&owner);
        let first = *lock(&owner.budget);
        progress.forced = Some(Instant::now());
        progress.deadline = progress.deadline.map(|deadline| deadline + Duration::from_secs(1));
        progress.bounds(&owner);
        assert_eq!(*lock(&owner.budget), first);
    }

    #[test]
    fn the_caller_is_not_among_them() {
        let owner = Owner::new();
        let _inside = owner.enter();
        assert_eq!(find(current_ident()), None);
    }
}
