//! What is known of one guarded value: where it was made, what state it is in, its progress.
//!
//! Invariants of [`Entry`], which the loom model below checks:
//! 1. A phase only moves forward: live, stopping, finished or dismissed.
//! 2. The first to finish wins; every caller of a shutdown gets that result.
//! 3. The lock is held for a look or a store, never across user code, the drop of a user's error or an await.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use crate::driver::{Driver, Name, RuntimeContext};
use crate::host::fork;
use crate::plan::Spec;
use crate::sync::latch::Latch;
use crate::sync::modelled::{Mutex, lock};
use crate::sync::slot::Slot;
use crate::teardown::{Outcome, Progress, Report, ShutdownError, Teardown, Wait};
use crate::value::limits::Limits;
use crate::value::nodes::{self, Kind, Node, Phase, Registered};

/// What is shared by the guard, the registry and a running teardown.
pub struct Entry {
    /// What the macro said of the type.
    pub spec: &'static Spec,
    pub(crate) type_name: &'static str,
    /// Where the value was made.
    pub location: &'static Location<'static>,
    /// When that was.
    pub created: Instant,
    generation: u32,
    /// The runtime around it then.
    pub context: RuntimeContext,
    pub(crate) progress: Slot<Progress>,
    /// Which steps have ended before anybody requested it, for a value that is watched while others may shut it down.
    pub(crate) watched: Slot<Progress>,
    /// What [`watched`](Self::watched) has of steps that have ended, for the shutdown: it does not wait for the one who
    /// watches.
    early: Mutex<Vec<(usize, Early)>>,
    /// By when those who wait for the progress want the shutdown to be over.
    pub(crate) limits: Limits,
    /// Whether it is in the table of nodes.
    pub(crate) is_registered: AtomicBool,
    /// The value was finished or dismissed, or is gone.
    pub(crate) over: Latch,
    /// What a higher layer keeps here.
    extension: OnceLock<Box<dyn Extension>>,
    state: Mutex<State>,
}

/// How a step has ended that nobody has requested to.
#[derive(Clone)]
struct Early {
    outcome: Outcome,
    detail: Option<String>,
    at: Instant,
}

struct State {
    phase: Phase,
    stop_requested: bool,
    #[cfg(feature = "tokio")]
    stop_token: Option<tokio_util::sync::CancellationToken>,
    result: Option<Result<Report, ShutdownError>>,
    /// The owner was requested to shut it down, and did not begin while somebody waited for it.
    unanswered: bool,
    /// The drivers under which somebody who owns the value has torn it down, or tried to, by their address.
    reached: BTreeMap<usize, Weak<Driver>>,
    /// At this number of them, those that are gone are taken out.
    reached_most: usize,
}

fn address(driver: &Arc<Driver>) -> usize {
    Arc::as_ptr(driver).addr()
}

/// What a higher layer keeps with the entry of a value: the Python object, for one.
pub trait Extension: Any + Send + Sync {
    /// The shutdown has begun.
    fn stopping(&self);

    /// The value is gone. A share in the entry is given up here.
    fn gone(&self);

    /// [`Node::at_exit`] of the entry.
    fn at_exit(&self) -> Option<Box<dyn Any>>;
}

impl Entry {
    pub(crate) fn new(spec: &'static Spec, type_name: &'static str, location: &'static Location<'static>) -> Self {
        Entry {
            spec,
            type_name,
            location,
            created: Instant::now(),
            generation: fork::generation(),
            context: RuntimeContext::current(),
            is_registered: AtomicBool::new(false),
            progress: Slot::new(Progress::new(spec.name)),
            watched: Slot::new(Progress::new(spec.name)),
            early: Mutex::new(Vec::new()),
            limits: Limits::new(),
            over: Latch::new(),
            extension: OnceLock::new(),
            state: Mutex::new(State {
                phase: Phase::Live,
                stop_requested: false,
                #[cfg(feature = "tokio")]
                stop_token: None,
                result: None,
                unanswered: false,
                reached: BTreeMap::new(),
                reached_most: 8,
            }),
        }
    }

    /// The extension of the one layer that has any; made at first use.
    pub fn extension<E: Extension + Default>(&self) -> &E {
        let extension = self.extension.get().unwrap_or_else(|| {
            let made = self.extension.get_or_init(|| Box::new(E::default()));
            // Either this sees that the shutdown has begun, or the beginning sees the extension: both go through the lock.
            if self.phase() != Phase::Live {
                made.stopping();
            }
            made
        });
        (&**extension as &dyn Any).downcast_ref().expect("one layer extends entries")
    }

    /// Has the exit of a host see the entry, if it was made while the registry was off. Until the result is dropped.
    pub fn register_for_exit(self: &Arc<Self>) -> Option<Registered> {
        let node: Weak<Entry> = Arc::downgrade(self);
        (!self.is_registered.load(Ordering::Relaxed)).then(|| nodes::register_for_exit(node))
    }

    /// The value is gone.
    pub(crate) fn gone(&self) {
        self.over.set();
        if let Some(extension) = self.extension.get() {
            extension.gone();
        }
    }

    /// An owner tears it down under this driver, or waits for another who does, and answers for it in its own report.
    pub(crate) fn reached_by(&self, driver: Option<&Arc<Driver>>) {
        let Some(driver) = driver else { return };
        let mut state = lock(&self.state);
        if !state.reached.contains_key(&address(driver)) {
            // The address of a driver that is gone is not used again while it is here.
            if state.reached.len() >= state.reached_most {
                state.reached.retain(|_, reached| reached.strong_count() > 0);
                state.reached_most = (2 * state.reached.len()).max(8);
            }
            state.reached.insert(address(driver), Arc::downgrade(driver));
        }
    }

    /// The state of the shutdown.
    pub fn phase(&self) -> Phase {
        lock(&self.state).phase
    }

    /// Whether the value belongs to the parent of this forked process.
    pub fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }

    /// Whether there is something left to shut down.
    pub fn is_open(&self) -> bool {
        self.phase().is_open()
    }

    /// The shutdown begins. False if it has ended or the value was dismissed.
    pub fn begin(&self) -> bool {
        let begins = {
            let mut state = lock(&self.state);
            let open = state.phase.is_open();
            if open {
                state.phase = Phase::Stopping;
            }
            open
        };
        if begins {
            if let Some(extension) = self.extension.get() {
                extension.stopping();
            }
            self.request_stop();
        }
        begins
    }

    /// What every caller of the shutdown gets; none before its end. By the name that the value has by itself.
    pub fn result(&self) -> Option<Result<Report, ShutdownError>> {
        let name = Name::from(self.spec.name);
        let result = lock(&self.state).result.clone()?;
        Some(result.map(|report| report.moved(&name)).map_err(|error| error.moved(&name)))
    }

    /// Whether there is a result.
    pub fn has_result(&self) -> bool {
        lock(&self.state).result.is_some()
    }

    /// The result that counts: this one, or one that was there before.
    pub(crate) fn finish(&self, result: Result<Report, ShutdownError>) -> Result<Report, ShutdownError> {
        // The errors in a result that does not count are a user's, and not dropped under the lock.
        let (result, _late) = {
            let mut state = lock(&self.state);
            if state.phase != Phase::Dismissed {
                state.phase = Phase::Finished;
            }
            match &state.result {
                Some(first) => (first.clone(), Some(result)),
                None => (state.result.insert(result).clone(), None),
            }
        };
        self.over.set();
        result
    }

    /// Keeps what has ended while it was watched.
    pub(crate) fn note_early(&self, watched: &Progress) {
        let ended: Vec<_> = watched
            .children
            .iter()
            .enumerate()
            .filter_map(|(i, child)| {
                let (outcome, detail) = (child.outcome.clone()?, child.detail.clone());
                Some((i, Early { outcome, detail, at: child.ended? }))
            })
            .collect();
        let _old = std::mem::replace(&mut *lock(&self.early), ended);
    }

    /// The steps that had ended before the shutdown began have ended in its report, too.
    pub(crate) fn ended_early(&self, progress: &mut Progress) {
        let early = lock(&self.early).clone();
        for (i, Early { outcome, detail, at }) in early {
            if let Some(child) = progress.children.get_mut(i).filter(|child| child.outcome.is_none()) {
                if let Some(detail) = detail {
                    child.detail(detail);
                }
                child.finish(outcome, at);
            }
        }
    }

    /// The value's owner answers for it: its drop is not a leak, and there is no report of its own.
    pub(crate) fn dismiss(&self) {
        {
            let mut state = lock(&self.state);
            if state.phase != Phase::Finished {
                state.phase = Phase::Dismissed;
            }
        }
        self.over.set();
    }

    /// The owner did not begin in time. Nobody waits for it any more before it has begun.
    fn unanswered(&self) {
        lock(&self.state).unanswered = true;
    }

    /// Whether there is no use in waiting: a value in a static has no owner who would begin.
    fn is_unanswered(&self) -> bool {
        let state = lock(&self.state);
        state.unanswered && state.phase == Phase::Live
    }

    pub(crate) fn is_stop_requested(&self) -> bool {
        lock(&self.state).stop_requested
    }

    pub(crate) fn request_stop(&self) {
        let mut state = lock(&self.state);
        state.stop_requested = true;
        #[cfg(feature = "tokio")]
        if let Some(token) = state.stop_token.clone() {
            // Its waiters' wakers are called outside the lock.
            drop(state);
            token.cancel();
        }
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn stop_token(&self) -> tokio_util::sync::CancellationToken {
        let mut state = lock(&self.state);
        let requested = state.stop_requested;
        let token = state.stop_token.get_or_insert_default().clone();
        drop(state);
        if requested {
            token.cancel();
        }
        token
    }
}

impl Node for Entry {
    fn name(&self) -> String {
        self.type_name.to_owned()
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn created(&self) -> Instant {
        self.created
    }

    fn phase(&self) -> Phase {
        Entry::phase(self)
    }

    fn kind(&self) -> Kind {
        Kind::Owned
    }

    fn label(&self) -> String {
        self.spec.name.to_owned()
    }

    fn is_part_of(&self, driver: &Arc<Driver>) -> bool {
        lock(&self.state).reached.contains_key(&address(driver))
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        self.is_open().then(|| Box::new(ByOwner(self)) as Box<dyn Teardown + Send>)
    }

    fn at_exit(self: Arc<Self>) -> Option<Box<dyn Any>> {
        self.extension.get()?.at_exit()
    }
}

/// The owner of a value, who alone can shut it down: it is asked to by `stop_requested`.
struct ByOwner(Arc<Entry>);

impl Teardown for ByOwner {
    fn request(&mut self, progress: &mut Progress) {
        progress.detail(format!("created at {}", self.0.location));
        self.0.request_stop();
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            if self.0.is_unanswered() {
                return Outcome::abandoned(
                    "not reached; its owner was asked by `stop_requested`, and has not begun since an earlier call",
                );
            }
            self.0.over.wait().await;
            let Some(result) = self.0.result() else {
                return Outcome::Stopped; // dismissed
            };
            result.unwrap_or_else(ShutdownError::into_report).into_step(progress)
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        self.0.unanswered();
        progress.abandon("not reached; its owner was asked by `stop_requested`");
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("type", &self.type_name).field("phase", &self.phase()).finish_non_exhaustive()
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use std::time::Duration;

    use loom::future::block_on;
    use loom::thread;

    use super::*;

    static SPEC: Spec = Spec {
        name: "V",
        timeout: Duration::from_secs(1),
        is_timeout_written: true,
        on_drop: None,
        manual: false,
        steps: &[],
    };

    fn entry() -> Arc<Entry> {
        Arc::new(Entry::new(&SPEC, "V", Location::caller()))
    }

    /// What a caller of a shared shutdown does, without the plan in the middle.
    fn shut_down(entry: &Entry, took: Duration) -> Duration {
        let taken = block_on(entry.progress.take());
        if let Some(result) = entry.result() {
            return result.expect("clean").took();
        }
        assert!(entry.begin());
        let result = entry.finish(Report::new("V").taking(took).into_result());
        drop(taken);
        result.expect("clean").took()
    }

    #[test]
    fn every_caller_gets_the_first_result() {
        loom::model(|| {
            let entry = entry();
            let other = {
                let entry = Arc::clone(&entry);
                thread::spawn(move || shut_down(&entry, Duration::from_secs(1)))
            };
            let here = shut_down(&entry, Duration::from_secs(2));
            assert_eq!(here, other.join().unwrap());
            assert_eq!(entry.phase(), Phase::Finished);
        });
    }

    #[test]
    fn a_caller_that_gives_up_leaves_the_teardown_to_the_next() {
        loom::model(|| {
            let entry = entry();
            let other = {
                let entry = Arc::clone(&entry);
                thread::spawn(move || {
                    let taken = block_on(entry.progress.take());
                    entry.begin();
                    drop(taken); // its future was dropped half-way
                })
            };
            assert_eq!(shut_down(&entry, Duration::from_secs(2)), Duration::from_secs(2));
            other.join().unwrap();
            assert_eq!(entry.phase(), Phase::Finished, "never back to live or stopping");
        });
    }
}
