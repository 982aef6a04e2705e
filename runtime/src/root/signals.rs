//! The thread that hears the signals, and that ends a process which cannot end by itself.
//!
//! A handler that tokio has installed stays. Where no root runs any more, a signal ends the process at once, as it would
//! have without a handler, but with the exit code of the root: a signal that comes while `main` returns is not to change
//! it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::runtime::{Builder, Handle};

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;
use super::control::{CHANGED, Control, Signal, limit_changed};
use super::exit::Exit;
use crate::observe;
use crate::sync::lock;
use crate::value::registry::{self, Snapshot};

/// The roots that run: mostly one.
static ROOTS: Mutex<Vec<Weak<Control>>> = Mutex::new(Vec::new());

/// The exit code of the root that has ended last.
static ENDED: Mutex<Option<u8>> = Mutex::new(None);

/// The time that the last words have.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Has the signals go to `control`, until the result is dropped.
pub(super) fn listen(control: &Arc<Control>) -> io::Result<Listening> {
    static THREAD: Mutex<Option<Handle>> = Mutex::new(None);
    let mut thread = lock(&THREAD);
    lock(&ROOTS).push(Arc::downgrade(control));
    let listening = Listening(Arc::downgrade(control));
    let runtime = match &mut *thread {
        Some(runtime) => runtime,
        none => none.insert(start()?),
    };
    if control.dumps() {
        system::dump_on_sigusr1(runtime)?;
    }
    Ok(listening)
}

/// One root that signals go to.
#[must_use = "the signals go to the root until this is dropped"]
pub(super) struct Listening(Weak<Control>);

impl Listening {
    /// The root has ended, with this exit code.
    pub(super) fn end(self, code: u8) {
        *lock(&ENDED) = Some(code);
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        lock(&ROOTS).retain(|control| !control.ptr_eq(&self.0));
        limit_changed();
    }
}

/// Returns when the handlers are installed, with the runtime of the thread.
fn start() -> io::Result<Handle> {
    let (installed, is_installed) = mpsc::sync_channel(1);
    thread::Builder::new().name("sundown-signals".to_owned()).spawn(move || {
        // The name of the thread that prints what is alive.
        let runtime = match Builder::new_current_thread().enable_all().thread_name("sundown-signals").build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(installed.send(Err(error))),
        };
        runtime.block_on(async {
            match system::Signals::install() {
                Ok(signals) => {
                    let _ = installed.send(Ok(Handle::current()));
                    hear(signals).await;
                }
                Err(error) => drop(installed.send(Err(error))),
            }
        });
    })?;
    is_installed.recv().unwrap_or_else(|_| Err(io::Error::other("the signals' thread has panicked")))
}

async fn hear(mut signals: system::Signals) {
    loop {
        let limit = roots().iter().filter_map(|control| control.limited_to()).min();
        let passed = async {
            match limit {
                Some(limit) => tokio::time::sleep_until(limit.into()).await,
                None => std::future::pending().await,
            }
        };
        let signal = pin!(signals.next());
        match select(signal, pin!(select(pin!(passed), pin!(CHANGED.notified())))).await {
            Either::Left((signal, _)) => heard(signal),
            Either::Right((Either::Left(_), _)) => too_late(),
            Either::Right((Either::Right(_), _)) => {}
        }
    }
}

fn roots() -> Vec<Arc<Control>> {
    lock(&ROOTS).iter().filter_map(Weak::upgrade).collect()
}

fn heard(signal: Signal) {
    let Signal { name, number, .. } = signal;
    let roots = roots();
    if roots.is_empty() {
        system::exit(lock(&ENDED).unwrap_or(128 + number));
    }
    // No root is left out because another one is done.
    let given_up = roots.iter().filter(|control| control.signal(signal)).count();
    if given_up == roots.len() {
        leave(format!("{name}, for the third time: exit"), None, 128 + number);
    }
}

/// Prints what is alive, if a root that runs wants it. May block, on a standard error that nobody reads.
#[cfg(unix)]
fn dump() {
    if roots().iter().any(|control| control.dumps()) {
        observe::print_snapshot("SIGUSR1", &registry::snapshot());
    }
}

/// The process has used up its budget, and its main thread does not return: it is stuck in a poll or in a drop.
fn too_late() {
    let is_late = |control: &Arc<Control>| control.limited_to().is_some_and(|limit| limit <= Instant::now());
    if roots().iter().any(is_late) {
        let text = format!(
            "the budget is used up, and the start or the shutdown has not returned: a call of it blocks its thread; exit code {}",
            Exit::ABANDONED
        );
        leave(text, Some(registry::snapshot), Exit::ABANDONED);
    }
}

/// Ends the process at once: kills each `Process`, which would outlive it, and prints why, and `table`. None of it may
/// take long, so another thread does it: a standard error that nobody reads may be full, and who looks at the registry may
/// be the last who has something of it, and drop it.
fn leave(text: String, table: Option<fn() -> Snapshot>, code: u8) -> ! {
    use std::io::Write as _;
    let (done, is_done) = mpsc::sync_channel(1);
    let speaks = thread::Builder::new().spawn(move || {
        registry::abandon_all(|| {
            observe::print_exit(&text);
            if let Some(table) = table {
                let _ = writeln!(io::stderr(), "{}", table());
            }
        });
        let _ = done.send(());
    });
    // Detached: a thread that is neither that nor joined by the end of the process is an error to ThreadSanitizer.
    if speaks.map(drop).is_ok() {
        let _ = is_done.recv_timeout(LAST_WORDS);
    }
    system::exit(code);
}
