//! A server that is out of descriptors. In a process of its own, whose limit it lowers.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io;
use std::sync::mpsc::{Sender, channel};

use axum::Router;
use axum::routing::get;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sundown::http::Server;
use sundown::{ShutdownGuard, must_shutdown};
use sundown_tests::GENEROUS;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tracing_subscriber::fmt::MakeWriter;

#[must_shutdown(timeout = "30s")]
struct Service {
    #[shutdown]
    server: Server,
    guard: ShutdownGuard<Self>,
}

/// The events, as they come.
#[derive(Clone)]
struct Events(Sender<String>);

impl io::Write for Events {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(text).into_owned());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Events {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn it_waits_for_descriptors_and_goes_on() {
    let (sender, events) = channel();
    tracing_subscriber::fmt().with_ansi(false).with_writer(Events(sender)).init();
    let router = Router::new().route("/", get(|| async { "quick" }));
    let server = Server::bind("127.0.0.1:0").await.unwrap().serve(router);
    let address = server.local_addr().unwrap();
    let mut service = Service { server, guard: ShutdownGuard::new() };

    let client = TcpSocket::new_v4().unwrap();
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: before.maximum }).unwrap();
    let mut fill = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        fill.push(file);
    }
    // The system accepts it; the server has no descriptor for it.
    let mut stream = client.connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
    for pause in ["5.0", "10.0"] {
        let event = events.recv_timeout(GENEROUS).expect("it says that it cannot accept");
        assert!(event.contains("WARN sundown: cannot accept a connection"), "{event}");
        assert!(event.contains(&format!("listener=\"{address}\"")), "{event}");
        assert!(event.contains(&format!("pause_ms={pause}")), "{event}");
    }

    drop(fill);
    let mut answer = String::new();
    tokio::time::timeout(GENEROUS, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("quick"), "{answer}");
    setrlimit(Resource::Nofile, before).unwrap();
    assert!(service.shutdown().await.unwrap().is_clean());
}
