//! A thread that has returned and is not gone yet, when no thread can be started that would wait for it: alone in its file,
//! since the limit is the process's.
#![cfg(target_os = "linux")]

use std::ffi::c_void;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sundown::{Outcome, ShutdownGuard, Thread, any_ended, must_shutdown};
use sundown_tests::GENEROUS;
use tokio::runtime::Builder;
use tokio::time::timeout;

#[must_shutdown(on_drop = "log")]
struct Owner {
    #[shutdown]
    returned: Thread,
    #[shutdown]
    failed: Thread,
    guard: ShutdownGuard<Self>,
}

/// How many threads run the destructor of their C data, and whether they may go on.
static INSIDE: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
static GO: AtomicBool = AtomicBool::new(false);

extern "C" fn destroy(nth: *mut c_void) {
    INSIDE[nth as usize - 1].store(true, Ordering::SeqCst);
    let end = Instant::now() + GENEROUS * 2; // in any case
    while !GO.load(Ordering::SeqCst) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Gives the calling thread data with such a destructor.
#[allow(unsafe_code, reason = "std has no destructor that runs after its own")]
fn hold(nth: usize) {
    let mut key = 0;
    // SAFETY: `key` is written to, and `destroy` lives as long as the program.
    assert_eq!(unsafe { libc::pthread_key_create(&mut key, Some(destroy)) }, 0);
    // SAFETY: the key was created; the value is a number, which nobody follows.
    assert_eq!(unsafe { libc::pthread_setspecific(key, nth as *const c_void) }, 0);
}

/// No room for the stack of another thread.
fn starts_no_threads(run: impl FnOnce()) {
    let before = getrlimit(Resource::As);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB"));
    let size: u64 = size.unwrap().parse().unwrap();
    setrlimit(Resource::As, Rlimit { current: Some((size + 1024) * 1024), ..before }).unwrap();
    let refused = std::thread::Builder::new().spawn(|| ()).is_err();
    run();
    setrlimit(Resource::As, before).unwrap();
    assert!(refused, "a thread can be started");
}

#[test]
fn it_is_not_waited_for_and_the_report_says_why() {
    let returned = Thread::spawn("returned", |_| hold(1)).unwrap();
    let failed = Thread::spawn("failed", |_| {
        hold(2);
        Err::<(), _>("no data")
    });
    let mut owner = Owner { returned, failed: failed.unwrap(), guard: ShutdownGuard::new() };
    let end = Instant::now() + GENEROUS;
    while !INSIDE.iter().all(|inside| inside.load(Ordering::SeqCst)) {
        assert!(Instant::now() < end, "they return");
        std::thread::yield_now();
    }
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    starts_no_threads(|| {
        runtime.block_on(async {
            for _ in 0..2 {
                let ended = timeout(GENEROUS, any_ended(&mut owner)).await.expect("nobody waits").unwrap();
                assert!(matches!(ended.outcome(), Outcome::Failed(_)), "{}: {}", ended.name(), ended.outcome());
            }
            let report = owner.shutdown_within(GENEROUS).await.unwrap_err().into_report();
            let said = |step: &str| report.find(step).unwrap().outcome().to_string();
            let why = "no thread to wait for the destructors of its data with: ";
            assert!(said("Owner.returned").contains(why), "{report}");
            assert!(said("Owner.failed").contains("no data"), "{report}");
        });
    });
    GO.store(true, Ordering::SeqCst);
}
