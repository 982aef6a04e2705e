//! `Thread` in an annotated struct: asked, awaited, named.

use std::cell::RefCell;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use sundown::{ShutdownGuard, StopSignal, Thread, must_shutdown, registry};
use sundown_tests::{GENEROUS, thread_names as threads};

/// With little time, for what does not stop.
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Owner {
    #[shutdown]
    thread: Thread,
    guard: ShutdownGuard<Self>,
}

impl Owner {
    fn of(thread: &Thread) -> Self {
        Owner { thread: thread.clone(), guard: ShutdownGuard::new() }
    }
}

/// With time for what stops by itself.
#[must_shutdown(timeout = "30s", on_drop = "log")]
struct Patient {
    #[shutdown]
    thread: Thread,
    guard: ShutdownGuard<Self>,
}

impl Patient {
    fn of(thread: &Thread) -> Self {
        Patient { thread: thread.clone(), guard: ShutdownGuard::new() }
    }
}

#[tokio::test]
async fn it_is_asked_awaited_and_gone() {
    let _ = threads(); // which on Windows are those since the first look
    let (started, start) = mpsc::channel();
    let thread = Thread::spawn("polite-thread", move |stop| {
        started.send(()).unwrap();
        stop.wait();
    })
    .unwrap();
    start.recv_timeout(GENEROUS).unwrap();
    assert!(threads().iter().any(|name| name == "polite-thread"), "it has no name: {:?}", threads());
    assert!(!thread.is_finished());
    assert!(Patient::of(&thread).shutdown().await.unwrap().is_clean());
    assert!(thread.is_finished());
    // A joined thread is off the kernel's list a moment later.
    let end = Instant::now() + GENEROUS;
    while threads().iter().any(|name| name == "polite-thread") {
        assert!(Instant::now() < end, "the OS thread has ended too");
        std::thread::yield_now();
    }
}

#[test]
fn under_the_blocking_driver() {
    let thread = Thread::spawn("blocking", |stop| assert!(stop.wait_timeout(Duration::MAX))).unwrap();
    assert!(Patient::of(&thread).shutdown_blocking().unwrap().is_clean());
}

#[tokio::test]
async fn a_thread_that_drives_futures() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let thread = Thread::spawn("futures", move |stop| runtime.block_on(stop.stopped())).unwrap();
    assert!(Patient::of(&thread).shutdown().await.unwrap().is_clean());
}

#[tokio::test]
async fn one_that_ignores_its_signal_is_named() {
    let (release, stuck) = mpsc::channel::<()>();
    let thread = Thread::spawn("stubborn", move |_| stuck.recv().unwrap_or(())).unwrap();
    let error = Owner::of(&thread).shutdown().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Owner` did not shut down cleanly: `Owner.thread` abandoned: thread `stubborn` ignores its stop signal, and a \
         thread cannot be forced"
    );
    drop(release);
}

#[tokio::test]
async fn a_panic_keeps_its_payload() {
    let thread = Thread::spawn("panics", |_| -> () { std::panic::panic_any(17_u8) }).unwrap();
    // A panic that prints a backtrace takes its time.
    let error = Patient::of(&thread).shutdown().await.unwrap_err();
    assert!(error.to_string().contains("panicked: a panic whose payload is not a string"), "{error}");
    assert_eq!(thread.take_panic().unwrap().downcast_ref(), Some(&17_u8));
    assert!(thread.take_panic().is_none());
}

#[tokio::test]
async fn an_error_is_in_the_report() {
    let thread = Thread::spawn("fails", |_| Err::<(), _>(std::io::Error::other("no disk"))).unwrap();
    let error = Patient::of(&thread).shutdown().await.unwrap_err();
    assert!(error.to_string().contains("`Patient.thread` failed: no disk"), "{error}");
}

/// A thread has not ended while the destructors of its thread-locals run.
#[test]
fn thread_local_destructors_belong_to_the_thread() {
    struct Slow(mpsc::Receiver<()>, mpsc::Sender<()>);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.1.send(()).unwrap();
            self.0.recv().unwrap();
        }
    }
    thread_local!(static SLOW: RefCell<Option<Slow>> = const { RefCell::new(None) });
    let (release, wait) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let thread = Thread::spawn("destructors", move |_| SLOW.set(Some(Slow(wait, tell)))).unwrap();
    told.recv_timeout(GENEROUS).unwrap();
    assert!(!thread.is_finished());
    release.send(()).unwrap();
    assert!(Patient::of(&thread).shutdown_blocking().unwrap().is_clean());
}

#[test]
fn one_that_shuts_itself_down_does_not_hang() {
    let (give, take) = mpsc::channel::<Owner>();
    let (tell, told) = mpsc::channel();
    let thread = Thread::spawn("itself", move |_| {
        let error = take.recv().unwrap().shutdown_blocking().unwrap_err();
        tell.send(error.to_string()).unwrap();
    })
    .unwrap();
    give.send(Owner::of(&thread)).unwrap();
    let said = told.recv_timeout(GENEROUS).unwrap();
    assert!(said.contains("thread `itself` would wait for itself"), "{said}");
}

#[test]
fn the_last_handle_asks_and_the_registry_knows() {
    let (tell, told) = mpsc::channel();
    let thread = Thread::spawn("registered", move |stop| {
        stop.wait();
        tell.send(()).unwrap();
    })
    .unwrap();
    assert!(registry::snapshot().to_string().contains("Thread `registered`"));
    drop(thread);
    told.recv_timeout(GENEROUS).unwrap();
    assert!(!registry::snapshot().to_string().contains("Thread `registered`"));
}

/// Blocks in `accept`, which knows no stop signal, and is woken by a connection; `tell` says what it has accepted.
fn accepts(name: &str, tell: mpsc::Sender<bool>) -> Thread {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = Thread::spawn(name, move |stop| {
        while let Ok((_connection, _)) = listener.accept() {
            let stopped = stop.is_stopped();
            tell.send(stopped).unwrap();
            if stopped {
                break;
            }
        }
    });
    let thread = thread.unwrap().on_stop(move || drop(TcpStream::connect(address).unwrap()));
    drop(TcpStream::connect(address).unwrap());
    thread
}

#[test]
fn a_thread_that_blocks_in_a_call_is_woken_by_the_one_who_stops_it() {
    let (tell, told) = mpsc::channel();
    let thread = accepts("accepts", tell);
    assert_eq!(told.recv_timeout(GENEROUS), Ok(false), "it accepts, and waits for the next one");
    let report = Patient { thread, guard: ShutdownGuard::new() }.shutdown_blocking().unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(told.recv_timeout(GENEROUS), Ok(true), "the signal was there before the connection");
    assert!(told.recv().is_err(), "woken once");
}

#[test]
fn a_thread_that_blocks_in_a_call_is_woken_by_the_drop_of_its_last_handle() {
    let (tell, told) = mpsc::channel();
    drop(accepts("dropped", tell));
    while let Ok(stopped) = told.recv_timeout(GENEROUS) {
        if stopped {
            return;
        }
    }
    panic!("it still waits");
}

/// By the request, or where it was added if that came before; outside of all locks either way.
#[test]
fn what_wakes_is_called_once_and_may_use_the_thread() {
    let (tell, told) = mpsc::channel();
    let (give, given) = mpsc::channel::<StopSignal>();
    let (woken, by) = mpsc::channel();
    let thread = Thread::spawn("calls", move |stop| {
        give.send(stop.clone()).unwrap();
        // Until it was woken by each, and nobody is left who could.
        woken.send(told.iter().collect::<Vec<&str>>()).unwrap();
    });
    let signal = given.recv_timeout(GENEROUS).unwrap();
    let (early, inner, late) = (tell.clone(), tell.clone(), tell);
    let caller = std::thread::spawn(move || {
        let thread = thread.unwrap().on_stop(move || {
            assert!(signal.is_stopped());
            signal.on_stop(move || inner.send("inner").unwrap());
            early.send("early").unwrap();
        });
        thread.stop();
        thread.stop();
        let thread = thread.on_stop(move || late.send("late").unwrap());
        Patient { thread, guard: ShutdownGuard::new() }.shutdown_blocking().map(|report| report.is_clean())
    });
    // Under a lock it would wait for itself.
    assert_eq!(by.recv_timeout(GENEROUS).unwrap(), ["inner", "early", "late"]);
    assert!(caller.join().unwrap().unwrap());
}

#[test]
fn a_panic_of_what_wakes_is_told_and_the_others_are_called() {
    let (wake, woken) = mpsc::channel::<()>();
    let thread = Thread::spawn("bad hook", move |_| woken.recv().unwrap()).unwrap();
    let thread = thread.on_stop(|| panic!("no route")).on_stop(move || wake.send(()).unwrap());
    thread.stop();
    let error = Patient { thread, guard: ShutdownGuard::new() }.shutdown_blocking().unwrap_err();
    let step = error.report().find("Patient.thread").unwrap();
    assert_eq!(step.outcome().to_string(), "panicked: in `on_stop`: no route", "{error}");
}

/// Nobody is there to be woken.
#[test]
fn nothing_is_called_for_a_thread_that_has_ended() {
    let thread = Thread::spawn("ends", |_| ()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(GENEROUS, thread.wait()).await.unwrap() });
    let (tell, told) = mpsc::channel::<()>();
    drop(thread.on_stop(move || tell.send(()).unwrap()));
    assert!(told.recv().is_err(), "what it has captured is dropped");
}

#[test]
fn a_bad_name_is_an_error() {
    assert!(Thread::spawn("a\0b", |_| ()).is_err());
}

/// The data of a C library, with a destructor that runs after those of Rust, and lasts until the test releases it.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "std has no destructors that run as late")]
mod c_data {
    use std::sync::{Arc, Condvar, Mutex, OnceLock, mpsc};
    use std::time::Duration;

    /// Not a channel: to receive from one, a thread makes a thread-local, and nobody destroys that so late.
    type Released = Arc<(Mutex<bool>, Condvar)>;
    type Held = (mpsc::Sender<()>, Released);

    /// Releases the destructor when it is dropped.
    pub(super) struct Release(Released);

    impl Drop for Release {
        fn drop(&mut self) {
            *self.0.0.lock().unwrap() = true;
            self.0.1.notify_all();
        }
    }

    extern "C" fn destroy(held: *mut libc::c_void) {
        // SAFETY: it was made by `Box::into_raw` in `hold`, and a key's destructor is called once for it.
        let (begun, released) = *unsafe { Box::from_raw(held.cast::<Held>()) };
        begun.send(()).unwrap();
        // An end in any case, so that a join without a bound fails the test and does not hang it.
        let lock = released.0.lock().unwrap();
        drop(released.1.wait_timeout_while(lock, Duration::from_secs(5), |released| !*released).unwrap());
    }

    /// What gives the calling thread such data, and what releases it. The channel says that the destructor runs.
    pub(super) fn hold(begun: mpsc::Sender<()>) -> (impl FnOnce() + Send, Release) {
        static KEY: OnceLock<libc::pthread_key_t> = OnceLock::new();
        let released = Released::default();
        let release = Release(Arc::clone(&released));
        let hold = move || {
            let key = *KEY.get_or_init(|| {
                let mut key = 0;
                // SAFETY: `key` is written to, and `destroy` lives as long as the program.
                assert_eq!(unsafe { libc::pthread_key_create(&mut key, Some(destroy)) }, 0);
                key
            });
            let held: *mut Held = Box::into_raw(Box::new((begun, released)));
            // SAFETY: the key was created, and `destroy` frees what is stored.
            assert_eq!(unsafe { libc::pthread_setspecific(key, held.cast()) }, 0);
        };
        (hold, release)
    }
}

/// A thread that runs such a destructor: it, and what releases it.
#[cfg(target_os = "linux")]
fn in_a_c_destructor() -> (Thread, c_data::Release) {
    let (begun, begins) = mpsc::channel();
    let (hold, release) = c_data::hold(begun);
    let thread = Thread::spawn("c-data", move |_| hold()).unwrap();
    begins.recv_timeout(GENEROUS).unwrap();
    (thread, release)
}

/// Ends such threads, and waits until they are gone: to a leak checker a thread has ended when its own destructor has run, and
/// what is on its stack after that is leaked.
#[cfg(target_os = "linux")]
fn end(release: c_data::Release) {
    drop(release);
    let end = Instant::now() + GENEROUS;
    while threads().iter().any(|name| name == "c-data") {
        assert!(Instant::now() < end, "it has ended");
        std::thread::yield_now();
    }
}

/// A destructor of C's that lasts is waited for within the deadline, and no poll waits behind it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_c_destructor_that_lasts_is_reported() {
    let (thread, release) = in_a_c_destructor();
    let began = Instant::now();
    let (mut owner, mut same) = (Owner::of(&thread), Owner::of(&thread));
    let ticks = async {
        // A poll that blocked for the whole deadline would leave no time for these.
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        began.elapsed()
    };
    let (one, other, ticked) = tokio::join!(owner.shutdown(), same.shutdown(), ticks);
    assert!(ticked < Duration::from_secs(4), "polls are not blocked: {ticked:?}");
    for error in [one.unwrap_err(), other.unwrap_err()] {
        assert_eq!(
            error.to_string(),
            "`Owner` did not shut down cleanly: `Owner.thread` abandoned: thread `c-data` has returned, and a destructor \
             of its thread's data still runs; a `sundown-join` thread waits for it"
        );
    }
    end(release);
}

#[cfg(target_os = "linux")]
#[test]
fn a_c_destructor_that_ends_in_time_is_waited_for() {
    let (thread, release) = in_a_c_destructor();
    let mut patient = Patient::of(&thread);
    let releases = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(release);
    });
    let report = patient.shutdown_blocking().unwrap();
    assert!(report.is_clean() && report.took() >= Duration::from_millis(40), "{report}");
    releases.join().unwrap();
    assert!(Patient::of(&thread).shutdown_blocking().unwrap().is_clean(), "and again, of another clone");
}

#[cfg(target_os = "linux")]
#[test]
fn a_drop_does_not_wait_for_a_c_destructor() {
    let began = Instant::now();
    let (thread, release) = in_a_c_destructor();
    drop(Owner::of(&thread));
    drop(thread);
    assert!(began.elapsed() < Duration::from_secs(4));
    end(release);
}

/// Panics when it is dropped.
#[derive(Debug)]
struct Bomb(mpsc::Sender<()>);

impl Drop for Bomb {
    fn drop(&mut self) {
        let _ = self.0.send(());
        panic!("a hostile drop");
    }
}

/// The last thread-local of the thread drops it then, where a panic aborts the process.
#[test]
fn a_payload_that_panics_in_its_drop_when_no_handle_is_left() {
    let (dropped, is_dropped) = mpsc::channel();
    let (go, goes) = mpsc::channel::<()>();
    let thread = Thread::spawn("bomb", move |_| -> () {
        let _ = goes.recv();
        std::panic::panic_any(Bomb(dropped));
    });
    drop(thread.unwrap());
    drop(go);
    is_dropped.recv_timeout(Duration::from_secs(30)).expect("the payload is dropped, and this process lives");
}
