//! Everything that lives and can be stopped, in one table: guarded values, our own handles, what was dropped and is with
//! the reaper, what was given to the registry.

mod table;

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::driver::Driver;
use crate::host::exit;
use crate::host::fork::{self, PerProcess};
use crate::teardown::Teardown;
use table::Table;

/// The state of a guarded value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Phase {
    /// Its shutdown has not begun.
    Live,
    /// Its shutdown has begun and has not ended.
    Stopping,
    /// Its shutdown has ended.
    Finished,
    /// [`ShutdownGuard::dismiss`](crate::ShutdownGuard::dismiss) was called.
    Dismissed,
}

impl Phase {
    /// Neither finished nor dismissed.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Phase::Live | Phase::Stopping)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::Live => "live",
            Phase::Stopping => "stopping",
            Phase::Finished => "finished",
            Phase::Dismissed => "dismissed",
        })
    }
}

/// What something is to the registry, and so whether [`shutdown_all`](crate::registry::shutdown_all) reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Kind {
    /// A guarded value that somebody owns: asked by `stop_requested`, not reached.
    Owned,
    /// A handle of ours, such as [`Tasks`](crate::Tasks).
    Handle,
    /// A value that was passed to [`share`](crate::registry::share).
    Shared,
    /// A value that was passed to [`give`](crate::registry::give).
    Given,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Owned => "owned",
            Kind::Handle => "handle",
            Kind::Shared => "shared",
            Kind::Given => "given",
        })
    }
}

/// Something that lives and can be stopped.
pub trait Node: Send + Sync {
    /// The type with its path, or the handle's own name.
    fn name(&self) -> String;

    /// Where it was made.
    fn location(&self) -> &'static Location<'static>;

    /// When it was made.
    fn created(&self) -> Instant;

    /// Its state.
    fn phase(&self) -> Phase;

    /// What it is to the registry.
    fn kind(&self) -> Kind {
        Kind::Handle
    }

    /// Whether it still exists. One that does not is forgotten.
    fn is_alive(&self) -> bool {
        true
    }

    /// How many tasks run in it; none for what is no group of tasks.
    fn tasks(&self) -> Option<usize> {
        None
    }

    /// What a report calls it.
    fn label(&self) -> String {
        format!("{} ({})", self.name(), self.location())
    }

    /// The address of what it stops; none if no other node stops the same.
    fn stands_for(&self) -> Option<usize> {
        None
    }

    /// Whether it was stopped as a part of another node, or somebody tried to, by what `driver` runs.
    fn is_part_of(&self, _driver: &Arc<Driver>) -> bool {
        false
    }

    /// What stops it; none if there is nothing left to stop.
    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>>;

    /// Kills the child process that it is, without a request; false if it is none.
    #[cfg(feature = "run")]
    fn kill(&self) -> bool {
        false
    }

    /// The id of the child process that it is, until that was reaped; none if it is none.
    fn child(&self) -> Option<u32> {
        None
    }

    /// The id of the [`Owner`](crate::host::user_threads::Owner) that its threads work for; none if it has none.
    fn owner(&self) -> Option<usize> {
        None
    }

    /// What the system lists the thread by that it runs on, where that is the host's and works for no
    /// [`owner`](Self::owner).
    fn thread(&self) -> Option<u32> {
        None
    }

    /// How many workers of the tokio runtime that it stands for are not known to work for its [`owner`](Self::owner) yet.
    fn unknown_workers(&self) -> usize {
        0
    }

    /// What the exit of a host needs beside this; none if that exit leaves it alone. A type of that host's, which knows it.
    fn at_exit(self: Arc<Self>) -> Option<Box<dyn Any>> {
        None
    }
}

static DISABLED: AtomicBool = AtomicBool::new(false);
/// A forked child knows nothing of what its parent made.
static NODES: PerProcess<Table<Held>> = PerProcess::new(Table::new);

/// How the table holds a node.
#[derive(Clone)]
enum Held {
    /// It takes itself out of the table: see [`Registered`].
    Weakly(Weak<dyn Node>),
    /// The same, and made while the registry was off: only the exit of a host sees it.
    Hidden(Weak<dyn Node>),
    /// It is the table's, until it is no longer alive.
    Owned(Arc<dyn Node>),
}

impl Held {
    fn get(&self) -> Option<Arc<dyn Node>> {
        match self {
            Held::Weakly(node) | Held::Hidden(node) => node.upgrade(),
            Held::Owned(node) => node.is_alive().then(|| Arc::clone(node)),
        }
    }

    fn is_hidden(&self) -> bool {
        matches!(self, Held::Hidden(_))
    }

    /// Whether it is the table's, and no longer alive.
    fn has_ended(&self) -> bool {
        matches!(self, Held::Owned(node) if !node.is_alive())
    }
}

/// The place of a node in the table, which it leaves when this is dropped; none if the registry was off.
#[derive(Debug)]
pub struct Registered {
    key: Option<usize>,
    generation: u32,
}

impl Registered {
    /// Whether the node is in the table.
    pub(crate) fn is_somewhere(&self) -> bool {
        self.key.is_some()
    }

    fn at(key: Option<usize>) -> Self {
        Registered { key, generation: fork::generation() }
    }

    /// The place of what is not in the table: a part of something that is.
    #[cfg(feature = "tokio")]
    pub(crate) fn nowhere() -> Self {
        Registered::at(None)
    }

    /// Whether the node belongs to the parent of this forked process: it is left alone.
    pub(crate) fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(key) = self.key.take().filter(|_| !self.is_inherited()) {
            drop(NODES.get().remove(key));
            #[cfg(feature = "testing")]
            changed();
        }
    }
}

/// Puts a node into the table, unless the registry is off.
pub(crate) fn register(node: Weak<dyn Node>) -> Registered {
    exit::watch();
    let enabled = !DISABLED.load(Ordering::Relaxed);
    Registered::at(enabled.then(|| NODES.get().insert(Held::Weakly(node))))
}

/// The same for what the exit of a host stops: that knows it also if the registry is off.
pub fn register_for_exit(node: Weak<dyn Node>) -> Registered {
    exit::watch();
    let enabled = !DISABLED.load(Ordering::Relaxed);
    Registered::at(Some(NODES.get().insert(if enabled { Held::Weakly(node) } else { Held::Hidden(node) })))
}

/// Gives a node to the table, which drops it some time after its end.
pub(crate) fn keep(node: Arc<dyn Node>) {
    let table = NODES.get();
    table.insert(Held::Owned(node));
    // The nodes are a user's, and not dropped under the lock.
    drop(table.take_if_grown(Held::has_ended));
}

/// Drops what was given to the table and has ended.
pub(crate) fn forget_the_ended() {
    drop(NODES.get().take(Held::has_ended));
}

/// The nodes that live now.
pub(crate) fn all() -> Vec<Arc<dyn Node>> {
    NODES.get().all().iter().filter(|held| !held.is_hidden()).filter_map(Held::get).collect()
}

/// What the nodes that live now have for the exit of a host.
pub fn at_exit() -> impl Iterator<Item = Box<dyn Any>> {
    NODES.get().all().into_iter().filter_map(|held| held.get()?.at_exit())
}

/// Switches the registration of nodes made from now on off, or on again.
pub(crate) fn set_enabled(enabled: bool) {
    DISABLED.store(!enabled, Ordering::Relaxed);
}

/// Has `listener` called whenever a node has left the table. There is one listener; a second call does nothing.
#[cfg(feature = "testing")]
pub(crate) fn on_change(listener: fn()) {
    let _ = CHANGED.set(listener);
}

#[cfg(feature = "testing")]
static CHANGED: std::sync::OnceLock<fn()> = std::sync::OnceLock::new();

#[cfg(feature = "testing")]
fn changed() {
    if let Some(listener) = CHANGED.get() {
        listener();
    }
}
