//! What the search finds, in every nesting. Evaluated by the compiler: a wrong answer fails the build of the tests.

use std::cell::RefCell;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock, Weak, mpsc};
use std::thread::JoinHandle;

use futures_util::stream::FuturesUnordered;

use super::Finding;
use super::search::search;
use crate::{Progress, Shared, Teardown, Thread, Wait};

macro_rules! finds {
    ($($type:ty => $finding:ident,)+) => {
        $(const _: () = assert!(matches!(search!($type), Finding::$finding), stringify!($type));)+
    };
}

/// Only a reference to it is a resource.
struct Handle;

impl Teardown for &Handle {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        unimplemented!()
    }

    fn force(&mut self, _progress: &mut Progress) {}
}

type Actor = (Thread, mpsc::Sender<u8>);

// The type itself.
finds! {
    Thread => Stops,
    Handle => Stops,
    &'static Handle => Stops,
    &'static Thread => Stops,
    Arc<Handle> => Stops,
    Vec<Thread> => Stops,
    (Thread, Option<Shared<Thread>>) => Stops,
    [Thread; 3] => Stops,
    Option<JoinHandle<u8>> => Stops,
    Box<dyn Teardown> => Stops,
    HashMap<String, Thread> => Stops,
}

// In one that has no `Teardown`.
finds! {
    Actor => Held,
    (u8, u8, u8, u8, u8, u8, u8, Thread) => Held,
    HashMap<String, Vec<Actor>> => Held,
    HashMap<Thread, u8> => Held,
    VecDeque<Thread> => Held,
    BinaryHeap<Thread> => Held,
    HashSet<Thread> => Held,
    FuturesUnordered<Thread> => Held,
    Pin<Box<Thread>> => Held,
    Box<[Thread]> => Held,
    Result<Thread, String> => Held,
    Result<String, Thread> => Held,
    Option<&'static mut VecDeque<Thread>> => Held,
}

// Behind a lock or a count.
finds! {
    Rc<Thread> => Shared,
    Mutex<Option<Thread>> => Shared,
    Vec<Arc<Option<Thread>>> => Shared,
    Option<Arc<(String, RwLock<VecDeque<Thread>>)>> => Shared,
    &'static RefCell<BTreeMap<u8, Actor>> => Shared,
    OnceLock<Thread> => Shared,
    LazyLock<Vec<Thread>> => Shared,
    Arc<dyn Teardown> => Shared,
    Mutex<Option<JoinHandle<u8>>> => SharedThread,
}

// By name, wherever it is.
finds! {
    JoinHandle<Rc<u8>> => Thread,
    Arc<Mutex<Vec<JoinHandle<()>>>> => Thread,
    (mpsc::Sender<u8>, JoinHandle<()>) => Thread,
}

// Nothing: it does not contain what it names.
finds! {
    Weak<Thread> => Nothing,
    PhantomData<Thread> => Nothing,
    fn(Thread) -> Thread => Nothing,
    *const Thread => Nothing,
    Box<dyn Fn(Thread)> => Nothing,
    Pin<Box<dyn Future<Output = Thread>>> => Nothing,
    mpsc::Sender<Thread> => Nothing,
    mpsc::Receiver<Thread> => Nothing,
    Option<mpsc::Sender<Thread>> => Nothing,
    Vec<(Option<mpsc::SyncSender<u8>>, mpsc::Sender<u8>)> => Nothing,
    Arc<Mutex<Vec<u8>>> => Nothing,
    HashMap<String, (u8, Vec<String>)> => Nothing,
    str => Nothing,
    [u8] => Nothing,
}

#[cfg(feature = "tokio")]
mod of_tokio {
    use std::sync::LazyLock;

    use tokio::runtime::Runtime;
    use tokio::sync::{mpsc, oneshot, watch};
    use tokio::task::{JoinHandle, JoinSet, LocalSet};
    use tokio_util::sync::{CancellationToken, DropGuard};
    use tokio_util::task::AbortOnDropHandle;

    use super::*;

    finds! {
        JoinHandle<u8> => Stops,
        JoinSet<u8> => Stops,
        CancellationToken => Stops,
        (JoinHandle<()>, mpsc::Sender<u8>) => Held,
        tokio::sync::Mutex<Option<JoinHandle<()>>> => Shared,
        JoinHandle<Rc<u8>> => Task,
        Vec<JoinSet<Rc<u8>>> => Task,
        LazyLock<Runtime> => Runtime,
        &'static Runtime => Runtime,
        Option<Runtime> => Stops,
        Vec<AbortOnDropHandle<u8>> => AbortOnDrop,
        Option<DropGuard> => DropGuard,
        Rc<LocalSet> => LocalSet,
        Arc<Mutex<Option<Runtime>>> => SharedRuntime,
        Vec<Option<Runtime>> => Stops,
        VecDeque<Option<Runtime>> => Held,
        Option<oneshot::Sender<()>> => Nothing,
        &'static watch::Sender<bool> => Nothing,
        Arc<watch::Sender<bool>> => Nothing,
        HashMap<u8, Option<mpsc::UnboundedSender<u8>>> => Nothing,
    }
}

/// Where a type names a parameter, by what the bounds say.
trait Found {
    const BARE: Finding;
    const HELD: Finding;
}

struct Plain<T>(T);

impl<T> Found for Plain<T> {
    const BARE: Finding = search!(T);
    const HELD: Finding = search!(Vec<(T, Mutex<JoinHandle<T>>)>);
}

struct Bounded<T>(T);

impl<T: Teardown> Found for Bounded<T> {
    const BARE: Finding = search!(T);
    const HELD: Finding = search!(Result<T, u8>);
}

#[test]
fn a_parameter_is_what_its_bounds_say() {
    assert!(matches!(Plain::<Thread>::BARE, Finding::Nothing));
    assert!(matches!(Plain::<Thread>::HELD, Finding::Thread));
    assert!(matches!(Bounded::<Thread>::BARE, Finding::Stops));
    assert!(matches!(Bounded::<Thread>::HELD, Finding::Held));
}
