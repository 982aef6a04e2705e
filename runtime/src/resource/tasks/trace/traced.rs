//! By `tokio::runtime::dump::Trace`: the task is polled once more, and each of tokio's futures that it waits for tells where.
//!
//! Not by `Handle::dump`. While a task blocks one of the workers, that has all of the others wait 250 ms at each of their
//! turns, and goes on with it when it is dropped: it would hold up the very shutdown that it is to explain. A task that blocks
//! its thread is not polled here, and so it has no place.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::runtime::dump::{Root, Trace};
use tokio::task::{self, Id};

use crate::host::fork::PerProcess;
use crate::sync::lock;

/// A task is traced again when what is known of it is older than this.
const FRESH: Duration = Duration::from_secs(1);

/// The number of places that are named of one task, which may wait for several things at once.
const NAMED: usize = 3;

/// Each task that was polled and has not ended.
static TASKS: PerProcess<Mutex<HashMap<Id, Weak<Spot>>>> = PerProcess::new(Mutex::default);

/// Where one task waits.
#[derive(Default)]
struct Spot(Mutex<State>);

#[derive(Default)]
struct State {
    waker: Option<Waker>,
    /// Since when a trace is wanted.
    asked: Option<Instant>,
    is_due: bool,
    place: Option<String>,
}

/// "src/jobs.rs:12:9", or several with commas; `None` as long as it is not known. Has the task traced, which is known the next
/// time that this is called.
pub(in super::super) fn place(id: Id) -> Option<String> {
    let spot = lock(TASKS.get()).get(&id)?.upgrade()?;
    let (place, waker) = {
        let mut state = lock(&spot.0);
        let is_due = state.asked.is_none_or(|asked| asked.elapsed() >= FRESH);
        if is_due {
            (state.asked, state.is_due) = (Some(Instant::now()), true);
        }
        (state.place.clone(), state.waker.clone().filter(|_| is_due))
    };
    if let Some(waker) = waker {
        waker.wake();
    }
    place
}

/// The future of a task that can be traced.
pub(in super::super) fn traceable<F: Future>(future: F) -> Traceable<F> {
    Traceable { future: Trace::root(future), spot: None }
}

pin_project! {
    pub(in super::super) struct Traceable<F> {
        #[pin]
        future: Root<F>,
        spot: Option<Registered>,
    }
}

impl<F: Future> Future for Traceable<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if this.spot.is_none() {
            *this.spot = task::try_id().map(Registered::new);
        }
        if let Some(Registered { spot, .. }) = this.spot
            && spot.is_due(cx.waker())
        {
            let (poll, trace) = Trace::capture(|| this.future.as_mut().poll(cx));
            spot.found(&trace);
            if poll.is_ready() {
                return poll;
            }
            // In a trace tokio's futures do nothing, so nothing wakes the task that they wait for: this poll sees to that.
        }
        this.future.poll(cx)
    }
}

impl Spot {
    /// Whether to trace now. Notes who wakes the task.
    fn is_due(&self, waker: &Waker) -> bool {
        let mut state = lock(&self.0);
        let before = match &state.waker {
            Some(known) if known.will_wake(waker) => None,
            _ => state.waker.replace(waker.clone()),
        };
        let is_due = std::mem::take(&mut state.is_due);
        drop(state);
        drop(before);
        is_due
    }

    fn found(&self, trace: &Trace) {
        let place = text(trace);
        lock(&self.0).place = place;
    }
}

/// A task in the list of all.
struct Registered {
    id: Id,
    spot: Arc<Spot>,
}

impl Registered {
    fn new(id: Id) -> Self {
        let spot = Arc::new(Spot::default());
        lock(TASKS.get()).insert(id, Arc::downgrade(&spot));
        Registered { id, spot }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        lock(TASKS.get()).remove(&self.id);
    }
}

/// Of each future of tokio's that it waits for, the innermost line that is of no library.
fn text(trace: &Trace) -> Option<String> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut places: Vec<String> = Vec::new();
    for backtrace in trace.resolve_backtraces() {
        let symbols = backtrace.frames().flat_map(|frame| frame.symbols());
        let lines = symbols.filter_map(|symbol| Some((symbol.filename()?, symbol.lineno()?, symbol.colno())));
        let mut own = lines.filter(|(file, ..)| !is_of_library(file));
        if let Some((file, line, column)) = own.next() {
            let mut place = format!("{}:{line}", file.strip_prefix(&here).unwrap_or(file).display());
            if let Some(column) = column {
                let _ = write!(place, ":{column}");
            }
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places.truncate(NAMED);
    (!places.is_empty()).then(|| places.join(", "))
}

/// Whether it is std's, or of a package that cargo has fetched.
fn is_of_library(file: &Path) -> bool {
    let text = file.to_string_lossy();
    ["/rustc/", "/registry/src/", "/git/checkouts/"].iter().any(|part| text.contains(part))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::Tasks;

    async fn traced(id: Id) -> String {
        tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                if let Some(place) = place(id) {
                    return place;
                }
                task::yield_now().await;
            }
        })
        .await
        .expect("the task waits for something of tokio's")
    }

    #[tokio::test]
    async fn a_task_is_at_its_await() {
        let tasks = Tasks::new();
        let (send, receive) = tokio::sync::oneshot::channel::<()>();
        let line = line!() + 1;
        let task = tasks.spawn("waits", async move { receive.await.is_ok() }).unwrap();
        let place = traced(task.id()).await;
        assert!(place.contains(&format!("trace/traced.rs:{line}:")), "{place}");
        send.send(()).unwrap();
        assert!(task.await.unwrap(), "the trace has taken nothing");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_task_that_blocks_its_worker_has_no_place_and_holds_up_nothing() {
        let tasks = Tasks::new();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let blocks = tasks
            .spawn("blocks", async move {
                let _ = begun.send(());
                ends.recv().is_err()
            })
            .unwrap();
        has_begun.await.unwrap();
        assert_eq!(place(blocks.id()), None);
        let begin = Instant::now();
        for _ in 0..100 {
            task::yield_now().await;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        assert_eq!(place(blocks.id()), None);
        drop(end);
        assert!(blocks.await.unwrap());
    }

    #[tokio::test]
    async fn a_task_that_has_ended_is_not_kept() {
        let tasks = Tasks::new();
        let task = tasks.spawn("forgets", pending::<()>()).unwrap();
        let id = task.id();
        task::yield_now().await;
        assert!(lock(TASKS.get()).contains_key(&id));
        assert_eq!(place(id), None, "nothing of tokio's");
        task.abort();
        let _ = task.await;
        assert!(!lock(TASKS.get()).contains_key(&id));
    }
}
