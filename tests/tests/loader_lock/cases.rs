//! Each case in a process of its own, which has to be over long before the values would give up.

use std::cell::RefCell;
use std::os::windows::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{mem, thread};

use sundown::{ShutdownGuard, Thread, must_shutdown};
use sundown_tests::run_cases;
use windows_sys::Win32::Foundation::FreeLibrary;
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

thread_local! {
    static PATIENT: RefCell<Option<Patient>> = const { RefCell::new(None) };
    static LOUD: RefCell<Option<Loud>> = const { RefCell::new(None) };
}

fn listener() -> Thread {
    Thread::spawn("listener", |stop| stop.wait()).unwrap()
}

fn keep() {
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
];

/// `examples/unloaded.rs`. `cargo test` builds it, but not where its command names the tests to run.
fn dll() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let dll = own.parent().and_then(|deps| deps.parent()).unwrap().join("examples/unloaded.dll");
    assert!(dll.exists(), "build it first: cargo build --package sundown-tests --example unloaded");
    dll
}

#[allow(unsafe_code, reason = "std loads no DLLs")]
fn unload() {
    let path: Vec<u16> = dll().as_os_str().encode_wide().chain([0]).collect();
    // SAFETY: the path ends with a zero; the function takes nothing and returns nothing; nothing of the DLL is used after.
    unsafe {
        let dll = LoadLibraryW(path.as_ptr());
        assert!(!dll.is_null(), "{}", std::io::Error::last_os_error());
        let keep = GetProcAddress(dll, c"keep".as_ptr().cast()).expect("it has the function");
        mem::transmute::<_, extern "C" fn()>(keep)();
        assert_ne!(FreeLibrary(dll), 0, "{}", std::io::Error::last_os_error());
    }
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

fn run(name: &str) -> Result<(), String> {
    let began = Instant::now();
    let output = Command::new(std::env::current_exe().unwrap()).env("CHILD", name).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let of_the_dll = said.matches("asked and forced: true").count() == if name.contains("DLL") { 2 } else { 0 };
    if output.status.success() && said.contains("survived") && of_the_dll && began.elapsed() < LONG {
        return Ok(());
    }
    Err(format!("{} after {:?}: {said}", output.status, began.elapsed()))
}
