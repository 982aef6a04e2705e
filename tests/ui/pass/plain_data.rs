//! What the check for forgotten resources says nothing about.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::{self, Rc};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock, Weak};

use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

struct Config {
    name: String,
}

/// Generic over a resource, and holds none.
struct Event<T>(PhantomData<T>);

#[must_shutdown]
struct Runner<'a> {
    #[shutdown]
    jobs: Tasks,

    text: String,
    borrowed: &'a str,
    cow: Cow<'a, [u8]>,
    bytes: Box<[u8]>,
    shared: Arc<str>,
    number: u64,
    nothing: (),
    tuple: (u8, String, [u8; 4]),
    nested: Option<Result<Vec<VecDeque<(u8, Box<str>)>>, std::io::Error>>,
    maps: HashMap<String, BTreeMap<u8, BTreeSet<Rc<RefCell<Vec<Cell<u8>>>>>>>,

    config: Arc<Config>,
    configs: &'a RwLock<HashMap<String, Config>>,
    flag: Arc<AtomicBool>,
    buffer: Arc<Mutex<Vec<u8>>>,
    cell: OnceLock<Config>,
    lazy: LazyLock<String>,
    notify: Arc<Notify>,
    semaphore: Semaphore,

    sender: mpsc::Sender<JoinHandle<()>>,
    some_sender: Option<oneshot::Sender<()>>,
    senders: Vec<Option<mpsc::UnboundedSender<u8>>>,
    sender_of_tuple: (Option<oneshot::Sender<()>>, Option<mpsc::Sender<u8>>),
    sender_map: HashMap<u8, Arc<watch::Sender<bool>>>,
    locked_sender: Arc<Mutex<Option<oneshot::Sender<()>>>>,
    borrowed_sender: &'a watch::Sender<bool>,
    receiver: mpsc::Receiver<JoinHandle<()>>,
    receivers: (watch::Receiver<bool>, broadcast::Sender<u8>, std::sync::mpsc::Receiver<Tasks>),

    phantom: PhantomData<JoinHandle<()>>,
    weak: Weak<Runtime>,
    weak_of_task: Option<Weak<JoinHandle<()>>>,
    weak_rc: rc::Weak<Tasks>,
    function: fn(JoinHandle<()>) -> Runtime,
    boxed_function: Box<dyn Fn(&Tasks) -> JoinHandle<()> + Send>,
    future: Pin<Box<dyn Future<Output = JoinHandle<()>> + Send>>,
    pointer: *const Runtime,
    event: Event<Tasks>,
    any: Box<dyn std::any::Any>,
    handle: tokio::runtime::Handle,

    guard: ShutdownGuard<Self>,
}

#[derive(Teardown)]
struct Generic<T, F: Fn(&T)> {
    #[shutdown]
    jobs: Tasks,
    value: Option<Arc<Mutex<T>>>,
    function: Box<F>,
    values: Vec<(T, u8)>,
}

fn main() {
    let mut generic = Generic { jobs: Tasks::new(), value: None, function: Box::new(|_: &u8| ()), values: Vec::new() };
    sundown::Teardown::request(&mut generic, &mut sundown::Progress::new("generic"));
}
