//! A service for tests that send signals to it. Each argument is something that it does; it
//! says on standard output how far it has come.

use std::future::pending;
use std::io;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use sundown::{
    CancellationToken, Exit, Lifecycle, Process, Progress, Root, ShutdownGuard, Tasks, Teardown, Thread, Wait, Watch,
    must_shutdown,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;

#[must_shutdown]
struct Service {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown]
    worker: JoinHandle<io::Result<()>>,
    #[shutdown]
    jobs: Tasks,
    #[shutdown]
    panics: Option<PanicsWhenDropped>,
    #[shutdown(on_end = "stop")]
    work: Option<JoinHandle<io::Result<()>>>,
    /// One that takes its time and listens to nothing, or a stub that has ended.
    #[shutdown(after = [worker, jobs])]
    child: Option<Process>,
    #[shutdown(after = child, with = Store::close)]
    store: Store,
    guard: ShutdownGuard<Self>,
}

/// Never ends, and its waits panic when they are dropped.
struct PanicsWhenDropped;

impl PanicsWhenDropped {
    async fn wait<T>() -> T {
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("a wait was dropped");
            }
        }
        let _panics = Panics;
        pending().await
    }
}

impl Teardown for PanicsWhenDropped {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(Self::wait())
    }

    fn force(&mut self, progress: &mut Progress) {
        progress.abandon("it never ends");
    }

    fn watch<'a>(&'a mut self, _progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(Self::wait())
    }
}

/// What closes last, in `millis`.
struct Store {
    millis: u64,
    blocks: bool,
}

impl Store {
    async fn close(&self) {
        say("closing");
        if self.blocks {
            std::thread::sleep(Duration::from_secs(3600));
        }
        tokio::time::sleep(Duration::from_millis(self.millis)).await;
        say("settled");
    }
}

struct Arguments(Vec<String>);

impl Arguments {
    fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|argument| argument == flag)
    }

    fn millis(&self, key: &str) -> Option<u64> {
        let value = self.0.iter().find_map(|argument| argument.strip_prefix(key)?.strip_prefix('='))?;
        Some(value.parse().expect("a number of milliseconds"))
    }

    fn duration(&self, key: &str) -> Option<Duration> {
        self.millis(key).map(Duration::from_millis)
    }
}

fn say(text: &str) {
    println!("{text}");
}

/// Says when it is dropped.
struct Dropped(&'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        say(self.0);
    }
}

pub(crate) fn run() -> ExitCode {
    let arguments = Arguments(std::env::args().skip(1).collect());
    if arguments.has("listens") {
        tracing_subscriber::fmt().with_ansi(false).with_writer(io::stdout).init();
    }
    let mut root = Root::new();
    if let Some(grace) = arguments.duration("grace") {
        root = root.grace(grace);
    }
    if arguments.has("grace-from-env") {
        root = root.grace_from_env("SERVICE_GRACE");
    }
    if let Some(unready) = arguments.duration("unready") {
        root = root.unready_for(unready).on_unready(|| say("unready"));
    }
    if let Some(forced) = arguments.duration("forced") {
        root = root.forced_within(forced);
    }
    if arguments.has("signal-codes") {
        root = root.signal_exit_codes();
    }
    if arguments.has("dumps") {
        root = root.dump_on_sigusr1();
    }
    if arguments.has("audit") {
        root = root.audit();
    }
    let exit: Exit = root.run(async |lifecycle| start(&arguments, lifecycle).await);
    if arguments.has("reports") {
        say(&format!("code {} forced {} phases {}", exit.code(), exit.is_forced(), exit.phases().len()));
    }
    exit.into()
}

async fn start(arguments: &Arguments, lifecycle: Lifecycle) -> io::Result<Service> {
    say("starting");
    let _pool = Dropped("the pool of the start is dropped");
    if arguments.has("start-blocks") {
        std::thread::sleep(Duration::from_secs(3600));
    }
    if let Some(wait) = arguments.duration("start") {
        tokio::time::sleep(wait).await;
    }
    if arguments.has("start-fails") {
        return Err(io::Error::other("no database"));
    }
    assert!(!arguments.has("start-panics"), "no configuration");
    let (stop, jobs) = (CancellationToken::new(), Tasks::new());
    let child = match arguments.has("stubborn-child") {
        true => Some(stubborn().await?),
        false => None,
    };
    let (stopped, drain) = (stop.clone(), arguments.duration("drain").unwrap_or_default());
    let worker = tokio::spawn(async move {
        stopped.cancelled().await;
        say("draining");
        tokio::time::sleep(drain).await;
        Ok(())
    });
    if arguments.has("stuck") {
        jobs.spawn("stuck", pending::<()>()).expect("the group is open");
    }
    let panics = arguments.has("drops-panic").then_some(PanicsWhenDropped);
    let work = does(arguments, &lifecycle);
    if arguments.has("job-panics") {
        jobs.spawn("job", async { panic!("boom") }).expect("the group is open");
    }
    if arguments.has("blocks-workers") {
        for _ in 0..64 {
            tokio::spawn(async {
                say("blocked");
                std::thread::sleep(Duration::from_secs(3600));
            });
        }
    }
    if arguments.has("others") {
        others()?;
    }
    if arguments.has("forgets") {
        forget()?;
    }
    let stopping = lifecycle.stopping();
    let probe = lifecycle.clone();
    tokio::spawn(async move {
        stopping.cancelled().await;
        say(if probe.is_ready() { "still ready" } else { "not ready" });
    });
    say("started");
    let store = Store { millis: arguments.millis("close").unwrap_or_default(), blocks: arguments.has("close-blocks") };
    Ok(Service { stop, worker, jobs, panics, work, child, store, guard: ShutdownGuard::new() })
}

/// What it does by itself.
fn does(arguments: &Arguments, lifecycle: &Lifecycle) -> Option<JoinHandle<io::Result<()>>> {
    let lifecycle = lifecycle.clone();
    if arguments.has("work-ends") {
        return Some(tokio::spawn(async { Ok(()) }));
    }
    if arguments.has("work-fails") {
        return Some(tokio::spawn(async { Err(io::Error::other("the disk is full")) }));
    }
    if arguments.has("stops-itself") {
        lifecycle.set_grace(Duration::from_secs(7));
        tokio::spawn(async move { lifecycle.stop("nothing left to do") });
    } else if arguments.has("forces-itself") {
        tokio::spawn(async move { lifecycle.force() });
    }
    None
}

/// Handles that are no part of the service: a thread that blocks the one that stops it, and a child.
fn others() -> io::Result<()> {
    let thread = Thread::spawn("blocks", |_| std::thread::sleep(Duration::from_secs(3600)))?;
    let thread = thread.on_stop(|| std::thread::sleep(Duration::from_secs(3600)));
    let mut command = Command::new("sleep");
    command.arg("120").stdout(Stdio::null()).stderr(Stdio::null());
    let child = Process::spawn("other", command)?;
    say(&format!("child {}", child.id().expect("it runs")));
    std::mem::forget((thread, child));
    Ok(())
}

/// A thread and a child that are nobody's. The child ends with the service.
fn forget() -> io::Result<()> {
    let (begun, begins) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("forgotten".to_owned()).spawn(move || {
        begun.send(()).expect("somebody waits");
        std::thread::sleep(Duration::from_secs(3600));
    })?;
    begins.recv().expect("it begins");
    let mut command = std::process::Command::new("cat");
    std::mem::forget(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?);
    Ok(())
}

/// A child that ignores SIGTERM, when it does. It does not outlive a service that was killed for long.
async fn stubborn() -> io::Result<Process> {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' TERM; echo deaf; exec >&- 2>&-; while kill -0 $PPID; do sleep 1; done"]);
    command.stdout(Stdio::piped());
    let child = Process::spawn("stubborn", command)?;
    BufReader::new(child.stdout().expect("it is piped")).read_line(&mut String::new()).await?;
    Ok(child)
}
