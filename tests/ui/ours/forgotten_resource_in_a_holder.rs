use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex};

use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

#[derive(Teardown)]
struct Inner {
    #[shutdown]
    jobs: Tasks,
}

type Actor = (JoinHandle<()>, mpsc::Sender<u32>);

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    option_of_arc: Option<Arc<JoinHandle<()>>>,
    vec_of_arc: Vec<Arc<Inner>>,
    deque: VecDeque<Inner>,
    rc: Rc<Inner>,
    pin: Pin<Box<Inner>>,
    slice: Box<[Inner]>,
    result: Result<JoinHandle<()>, String>,
    actor: Actor,
    actors: HashMap<String, Actor>,
    deep: BTreeMap<u8, Arc<Mutex<Vec<(String, Option<Rc<Inner>>)>>>>,
    lazy: LazyLock<Runtime>,
    borrowed: &'static Runtime,
    threads: Vec<std::thread::JoinHandle<()>>,
    aborting: Option<tokio_util::task::AbortOnDropHandle<()>>,
    cancelling: tokio_util::sync::DropGuard,
    local: tokio::task::LocalSet,
    not_send: JoinHandle<Rc<u8>>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
