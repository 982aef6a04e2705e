//! A rolling restart under load: no request is lost.
//!
//! The test holds the listening socket, as systemd does for a service with a socket unit, and hands it to one runner after
//! the other. By default a few restarts at a rate that every machine has; `SUNDOWN_RESTARTS=20 SUNDOWN_RATE=2000` for more.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::support::{Serving, folder, runner};

/// Each keeps its connection.
const CLIENTS: usize = 32;

/// How long a runner serves.
const SERVES: Duration = Duration::from_millis(300);

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn a_rolling_restart_loses_no_request() {
    let (restarts, rate) = (setting("SUNDOWN_RESTARTS", 3), setting("SUNDOWN_RATE", 200));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let listener = runtime.block_on(async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        socket.listen(1024).expect("it listens")
    });
    let address = listener.local_addr().expect("it is bound");
    let listener = OwnedFd::from(listener.into_std().expect("it is nobody else's"));

    let folder = folder();
    let start = || {
        let mut command = runner_with(listener.try_clone().expect("a descriptor"));
        command.arg("serve").arg("--data").arg(folder.path());
        Serving::spawn(command, folder.path())
    };
    let mut serving = start();
    let load = Arc::new(Load { ends: AtomicBool::new(false), answered: AtomicUsize::new(0) });
    let begun = Instant::now();
    let every = Duration::from_secs_f64(CLIENTS as f64 / rate as f64);
    let clients: Vec<_> = (0..CLIENTS).map(|_| runtime.spawn(client(address, every, Arc::clone(&load)))).collect();
    for restart in 0..restarts {
        let before = load.answered.load(Ordering::Relaxed);
        std::thread::sleep(SERVES); // under load, which is what is tested
        serving.signal("TERM");
        let (status, output) = serving.exit();
        assert_eq!(status.code(), Some(0), "{output}");
        serving = start();
        let answered = load.answered.load(Ordering::Relaxed) - before;
        assert!(answered > 0, "restart {restart} was under no load");
    }
    load.ends.store(true, Ordering::Relaxed);
    let failures: Vec<_> = clients.into_iter().flat_map(|client| runtime.block_on(client).expect("no panic")).collect();
    let (answered, took) = (load.answered.load(Ordering::Relaxed), begun.elapsed().as_secs_f64());
    println!(
        "{answered} requests in {restarts} restarts, {:.0} a second, {} failed",
        answered as f64 / took,
        failures.len()
    );
    assert!(failures.is_empty(), "{} of {answered}: {failures:?}", failures.len());
    serving.signal("TERM");
    assert_eq!(serving.exit().0.code(), Some(0));
}

/// A runner that gets the socket as systemd hands it over: as descriptor 3, for this process alone.
fn runner_with(listener: OwnedFd) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\" 3<&0 0</dev/null"]);
    command.arg(runner().get_program()).stdin(Stdio::from(listener));
    command
}

struct Load {
    ends: AtomicBool,
    answered: AtomicUsize,
}

/// Sends a request every so often, over one connection as long as the server keeps it. Returns what went wrong.
async fn client(address: SocketAddr, every: Duration, load: Arc<Load>) -> Vec<String> {
    let (mut failures, mut kept) = (Vec::new(), None);
    let mut ticks = interval(every);
    // What a restart has held up is sent after it.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !load.ends.load(Ordering::Relaxed) {
        ticks.tick().await;
        match request(address, &mut kept).await {
            Ok(StatusCode::OK) => {
                load.answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(status) => failures.push(status.to_string()),
            Err(error) => {
                kept = None;
                failures.push(error.to_string());
            }
        }
    }
    failures
}

type Sender = SendRequest<Empty<Bytes>>;

async fn request(
    address: SocketAddr,
    kept: &mut Option<Sender>,
) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    // One that the server has closed before anything is sent is no loss.
    let is_open = match kept {
        Some(sender) => sender.ready().await.is_ok(),
        None => false,
    };
    if !is_open {
        let stream = TcpStream::connect(address).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        *kept = Some(sender);
    }
    let sender = kept.as_mut().expect("it is open");
    let request = Request::get("/status").header("host", "test").body(Empty::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    response.into_body().collect().await?;
    Ok(status)
}
