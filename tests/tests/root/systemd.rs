//! What systemd hears: a real socket in its place, and a real process.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use libc::SIGTERM;

use super::running::Running;

/// The socket of a service manager, in a folder of its own.
struct Manager {
    socket: UnixDatagram,
    folder: PathBuf,
}

impl Manager {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("sundown-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // Not below the target folder: the name of a socket has at most 107 bytes.
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a folder for the socket");
        let socket = UnixDatagram::bind(folder.join("notify")).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        Manager { socket, folder }
    }

    /// Starts a service under it.
    fn start(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
        let socket = self.folder.join("notify");
        let socket = [("NOTIFY_SOCKET", socket.to_str().expect("a name"))];
        Running::start_with(arguments, &[&socket, environment].concat())
    }

    /// The next message.
    #[track_caller]
    fn hears(&self) -> String {
        self.hears_within(Duration::from_secs(60)).expect("a message")
    }

    fn hears_within(&self, limit: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(limit)).expect("a limit");
        let mut buffer = [0; 4096];
        match self.socket.recv(&mut buffer) {
            Ok(length) => Some(String::from_utf8(buffer[..length].to_vec()).expect("text")),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// The first message that contains `text`, and how many there were before.
    #[track_caller]
    fn hears_of(&self, text: &str) -> (String, usize) {
        let mut before = 0;
        loop {
            let message = self.hears();
            if message.contains(text) {
                return (message, before);
            }
            before += 1;
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The number of microseconds in a message.
fn extension(message: &str) -> u64 {
    let value = message.lines().find_map(|line| line.strip_prefix("EXTEND_TIMEOUT_USEC="));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no extension in {message}"))
}

#[test]
fn it_is_ready_then_stopping_then_stopped() {
    let manager = Manager::new();
    let mut service = manager.start(&["grace=20000"], &[]);
    assert_eq!(manager.hears(), "READY=1\n");
    service.says("started"); // printed before the message was sent
    service.signal(SIGTERM);

    let stopping = manager.hears();
    assert!(stopping.starts_with("STOPPING=1\n") && stopping.ends_with("STATUS=stopping: SIGTERM\n"), "{stopping}");
    // The whole grace, less what has passed, and what ends a process that is stuck.
    assert!((18_000_000..=23_000_000).contains(&extension(&stopping)), "{stopping}");
    assert_eq!(manager.hears(), "STATUS=stopped: SIGTERM; exit code 0\n");
    service.ended().expect(0, &["settled"]);
    assert_eq!(manager.hears_within(Duration::from_millis(1)), None);
}

/// The grace of seven seconds is set while it starts.
#[test]
fn the_extension_is_that_of_the_grace_at_run_time() {
    let manager = Manager::new();
    let service = manager.start(&["stops-itself"], &[]);
    let (stopping, _) = manager.hears_of("STOPPING=1");
    assert!(stopping.contains("STATUS=stopping: nothing left to do\n"), "{stopping}");
    assert!((7_500_000..=10_000_000).contains(&extension(&stopping)), "{stopping}");
    service.ended().expect(0, &[]);
}

#[test]
fn one_that_does_not_start_is_never_ready() {
    let manager = Manager::new();
    let service = manager.start(&["start-fails"], &[]);
    let stopping = manager.hears();
    assert!(stopping.contains("STATUS=stopping: the start failed: no database\n"), "{stopping}");
    assert_eq!(manager.hears(), "STATUS=stopped: the start failed: no database; exit code 5\n");
    service.ended().expect(5, &[]);
}

#[test]
fn the_watchdog_hears_it_while_it_serves_and_while_it_stops() {
    let manager = Manager::new();
    let mut service = manager.start(&["drain=2000"], &[("WATCHDOG_USEC", "20000")]);
    service.says("started");
    assert_eq!(manager.hears(), "READY=1\n");
    for _ in 0..5 {
        assert_eq!(manager.hears(), "WATCHDOG=1\n");
    }
    service.signal(SIGTERM);
    manager.hears_of("STOPPING=1");
    for _ in 0..2 {
        assert_eq!(manager.hears(), "WATCHDOG=1\n");
    }
    service.ended().expect(0, &["settled"]);
}

/// Nothing of the service goes on, so systemd is to restart it. A shutdown is not to be cut short by that.
#[test]
fn the_watchdog_does_not_hear_one_whose_workers_are_blocked() {
    let manager = Manager::new();
    let environment = [("TOKIO_WORKER_THREADS", "1"), ("WATCHDOG_USEC", "40000")];
    let mut service = manager.start(&["blocks-workers", "grace=2000"], &environment);
    service.says("blocked");
    std::thread::sleep(Duration::from_millis(500));
    service.signal(SIGTERM);
    let (_, before) = manager.hears_of("STOPPING=1");
    // `READY=1`, and what the only worker has answered before.
    assert!(before <= 2, "{before}");
    assert_eq!(manager.hears(), "WATCHDOG=1\n");
    assert_eq!(manager.hears(), "WATCHDOG=1\n");
    service.ended();
}

/// So that nothing but its own queue is full: the signal is heard, and the budget kept.
#[test]
fn a_manager_that_does_not_read_holds_up_nothing() {
    let manager = Manager::new();
    let mut service = manager.start(&["drain=1500"], &[("WATCHDOG_USEC", "200")]);
    service.says("started");
    let signalled = Instant::now();
    service.signal(SIGTERM);
    service.ended().within(Duration::from_secs(20), signalled).expect(0, &["settled"]);
    // It was full: a service that has ended has sent no more than the kernel keeps.
    manager.hears();
}

#[test]
fn a_socket_that_is_not_there_is_said_once() {
    let environment = [("NOTIFY_SOCKET", "/nowhere/notify"), ("WATCHDOG_USEC", "2000")];
    let mut service = Running::start_with(&["drain=100"], &environment);
    service.says("started");
    service.signal(SIGTERM);
    let ended = service.ended().expect(0, &["settled"]);
    assert_eq!(ended.report.matches("systemd is not notified").count(), 1, "{ended:#?}");
}
