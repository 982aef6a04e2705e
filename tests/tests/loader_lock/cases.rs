//! Each case in a process of its own, which has to be over long before the values would give up.

use std::cell::RefCell;
use std::os::windows::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{mem, thread};

use sundown::{ShutdownGuard, Thread, must_shutdown, set_drop_hook};
use sundown_tests::{NotPassed, run_cases};
use windows_sys::Win32::Foundation::{FreeLibrary, HMODULE};
use windows_sys::Win32::System::LibraryLoader::{GetProcAddress, LoadLibraryW};

/// By then each case is over, and no value has given up.
const LONG: Duration = Duration::from_secs(60);

/// The classic deadlock: a thread that cannot end while the one that waits for it holds the lock.
#[must_shutdown(on_drop = "wait", timeout = "100s")]
struct Patient {
    #[shutdown]
    thread: Thread,
    guard: ShutdownGuard<Self>,
}

/// It is loud where that does not abort.
#[must_shutdown(on_drop = "panic", timeout = "100s")]
struct Loud {
    #[shutdown]
    thread: Thread,
    guard: ShutdownGuard<Self>,
}

/// Says whether the system runs destructors of thread-locals at all: Wine 8 runs none of a program's at its exit.
struct Probe;

impl Drop for Probe {
    fn drop(&mut self) {
        eprintln!("{PROBE}");
    }
}

const PROBE: &str = "a thread-local was dropped";

thread_local! {
    static PROBED: RefCell<Option<Probe>> = const { RefCell::new(None) };
    static PATIENT: RefCell<Option<Patient>> = const { RefCell::new(None) };
    static LOUD: RefCell<Option<Loud>> = const { RefCell::new(None) };
}

fn listener() -> Thread {
    Thread::spawn("listener", |stop| stop.wait()).unwrap()
}

/// Each of the two says when it is dropped.
fn keep() {
    set_drop_hook(|dropped| {
        eprintln!("dropped: {}", dropped.type_name);
        dropped.policy
    });
    PROBED.set(Some(Probe));
    PATIENT.set(Some(Patient { thread: listener(), guard: ShutdownGuard::new() }));
    LOUD.set(Some(Loud { thread: listener(), guard: ShutdownGuard::new() }));
}

const CASES: &[(&str, fn())] = &[
    ("a thread that ends", || thread::spawn(keep).join().unwrap()),
    ("the main thread, which returns", keep),
    ("the main thread, which exits", || {
        keep();
        println!("survived");
        std::process::exit(0)
    }),
    ("another thread, which exits", || {
        thread::spawn(|| {
            keep();
            println!("survived");
            std::process::exit(0)
        })
        .join()
        .unwrap()
    }),
    ("an exit handler", || {
        extern "C" fn at_exit() {
            PATIENT.with_borrow_mut(|patient| drop(patient.take()));
        }
        // SAFETY: the handler lives as long as the program.
        #[allow(unsafe_code, reason = "std has no exit handlers")]
        let registered = unsafe { libc::atexit(at_exit) };
        assert_eq!(registered, 0);
        keep();
    }),
    ("a DLL that is unloaded", unload),
    ("a DLL at the end of the process", || {
        load();
    }),
];

/// `examples/unloaded.rs`. `cargo test` builds it, but not where its command names the tests to run.
fn dll() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let dll = own.parent().and_then(|deps| deps.parent()).unwrap().join("examples/unloaded.dll");
    assert!(dll.exists(), "build it first: cargo build --package sundown-tests --example unloaded");
    dll
}

/// Has the DLL keep its values.
#[allow(unsafe_code, reason = "std loads no DLLs")]
fn load() -> HMODULE {
    let path: Vec<u16> = dll().as_os_str().encode_wide().chain([0]).collect();
    // SAFETY: the path ends with a zero; the function takes nothing and returns nothing.
    unsafe {
        let dll = LoadLibraryW(path.as_ptr());
        assert!(!dll.is_null(), "{}", std::io::Error::last_os_error());
        let keep = GetProcAddress(dll, c"keep".as_ptr().cast()).expect("it has the function");
        mem::transmute::<_, extern "C" fn()>(keep)();
        dll
    }
}

#[allow(unsafe_code, reason = "std loads no DLLs")]
fn unload() {
    let dll = load();
    // SAFETY: nothing of the DLL is used after.
    assert_ne!(unsafe { FreeLibrary(dll) }, 0, "{}", std::io::Error::last_os_error());
    // A thread that the drops have started would begin by now, in code that is gone.
    thread::sleep(Duration::from_millis(200));
}

pub(super) fn main() -> ExitCode {
    if let Ok(case) = std::env::var("CHILD") {
        let (_, run) = CASES.iter().find(|(name, _)| *name == case).unwrap();
        run();
        println!("survived");
        return ExitCode::SUCCESS;
    }
    let all: Vec<_> = CASES.iter().map(|(name, _)| ((*name).to_owned(), *name)).collect();
    run_cases(&all, |name| run(name))
}

fn run(name: &str) -> Result<(), NotPassed> {
    let began = Instant::now();
    let output = Command::new(std::env::current_exe().unwrap()).env("CHILD", name).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // What the DLL says, or the drop hook.
    let is_dll = name.contains("DLL");
    let dropped = said.matches(if is_dll { "asked and forced: true" } else { "dropped: " }).count();
    let runs_destructors = is_dll || said.contains(PROBE);
    if !output.status.success()
        || !said.contains("survived")
        || runs_destructors && dropped != 2
        || began.elapsed() >= LONG
    {
        return Err(NotPassed::Failed(format!("{} after {:?}: {said}", output.status, began.elapsed())));
    }
    match runs_destructors {
        true => Ok(()),
        false => {
            Err(NotPassed::Ignored("it ended well, but the system ran no destructor of a thread-local".to_owned()))
        }
    }
}
