//! Listeners: of other kinds, with errors, and with something in front of HTTP.

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::routing::get;
use axum::{Extension, Router};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sundown::http::{Listener, Peer, Server, UnixPeer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::support::{Client, Handlers, Service, request, within};

#[tokio::test]
async fn a_unix_socket_names_the_process() {
    let folder = std::env::temp_dir().join(format!("sundown-http-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let who = |Extension(Peer(peer)): Extension<Peer<UnixPeer>>| async move { peer.to_string() };
    let router = Router::new().route("/", get(who));
    let mut service = Service::new(Server::from_listener(UnixListener::bind(&path).unwrap()).serve(router));
    assert_eq!(service.server.local_addr(), None);
    let stream = UnixStream::connect(&path).await.unwrap();
    let (mut sender, connection) = http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let response = within(sender.send_request(request("/"))).await.unwrap();
    let body = within(response.into_body().collect()).await.unwrap().to_bytes();
    let name = format!("process {}", std::process::id());
    assert_eq!(body, name.as_bytes());
    service.connections(|all| *all == [name.clone()]).await;
    let report = within(service.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    within(connection).await.unwrap().unwrap();
    assert!(UnixStream::connect(&path).await.is_err());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_handler_knows_the_peer() {
    let who = |Extension(Peer(peer)): Extension<Peer<SocketAddr>>| async move { peer.to_string() };
    let router = Router::new().route("/", get(who));
    let mut service = Service::new(Server::bind("127.0.0.1:0").await.unwrap().serve(router));
    let mut client = Client::connect(service.address()).await;
    assert_eq!(*client.get("/").await.unwrap().body(), client.peer.to_string());
    service.shutdown().await.unwrap();
}

/// The system returns `EINVAL` for a socket that was shut down.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_listener_that_fails_is_known_at_once_and_its_connections_run_on() {
    use std::os::fd::AsRawFd as _;

    use sundown::{Outcome, any_ended};
    use sundown_tests::is_pending;

    use super::support::refused;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let descriptor = listener.as_raw_fd();
    let mut service = Service::new(Server::from_listener(listener).serve(Handlers::new().router()));
    let address = service.address();
    let mut client = Client::connect(address).await;
    assert_eq!(client.get("/").await.unwrap().body(), "quick");
    assert!(is_pending(&mut Box::pin(any_ended(&mut service))).await);
    // SAFETY: the descriptor is open: the server has it, and lives.
    #[allow(unsafe_code, reason = "neither std nor tokio has it for listeners")]
    let result = unsafe { libc::shutdown(descriptor, libc::SHUT_RD) };
    assert_eq!(result, 0);

    let ended = within(any_ended(&mut service)).await.expect("the listener has ended");
    assert_eq!(ended.name(), "Service.server");
    assert!(ended.stops_all() && matches!(ended.outcome(), Outcome::Failed(_)), "{ended}");
    assert!(ended.to_string().contains(&format!("`accept on {address}`")), "{ended}");
    refused(address).await;
    assert_eq!(client.get("/").await.unwrap().body(), "quick");

    let report = within(service.shutdown()).await.unwrap();
    let detail = report.find("Service.server").unwrap().detail().expect("it says so");
    assert!(detail.contains("a task failed earlier: `accept on"), "{detail}");
    client.closed().await;
}

/// Fails a few times in every way that is no end.
struct Flaky {
    listener: TcpListener,
    errors: Vec<io::ErrorKind>,
}

impl Listener for Flaky {
    type Io = TcpStream;
    type Peer = SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        match self.errors.pop() {
            Some(kind) => Err(kind.into()),
            None => self.listener.accept().await,
        }
    }
}

#[tokio::test]
async fn errors_of_accept_are_waited_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let errors = vec![io::ErrorKind::OutOfMemory, io::ErrorKind::ConnectionAborted, io::ErrorKind::Other];
    let mut service = Service::new(Server::from_listener(Flaky { listener, errors }).serve(Handlers::new().router()));
    let mut client = Client::connect(address).await;
    assert_eq!(client.get("/").await.unwrap().body(), "quick");
    let report = within(service.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

/// As one that unwraps the address of a peer that is gone.
#[tokio::test]
async fn a_handshake_that_panics_ends_its_connection() {
    let is_first = AtomicBool::new(true);
    let panics = move |stream: TcpStream| {
        assert!(!is_first.swap(false, Ordering::SeqCst), "it is gone");
        ready(Ok(stream))
    };
    let builder = Server::bind("127.0.0.1:0").await.unwrap().handshake(panics);
    let mut service = Service::new(builder.serve(Handlers::new().router()));
    let mut gone = TcpStream::connect(service.address()).await.unwrap();
    assert_eq!(within(gone.read(&mut [0])).await.unwrap_or(0), 0);
    let mut client = Client::connect(service.address()).await;
    assert_eq!(client.get("/").await.unwrap().body(), "quick");
    let report = within(service.shutdown()).await.unwrap();
    assert!(report.to_string().contains("it is gone"), "{report}");
}

/// As TLS: a slow handshake holds up nobody, a failed one is one connection's, and none outlives the server.
#[tokio::test]
async fn a_handshake_comes_before_http() {
    let greet = |mut stream: TcpStream| async move {
        let mut greeting = [0; 6];
        stream.read_exact(&mut greeting).await?;
        if &greeting != b"please" {
            return Err(io::ErrorKind::InvalidData.into());
        }
        stream.write_all(b"welcome").await?;
        Ok(stream)
    };
    let builder = Server::bind("127.0.0.1:0").await.unwrap().handshake(greet);
    let mut service = Service::new(builder.serve(Handlers::new().router()));
    let address = service.address();
    let slow = TcpStream::connect(address).await.unwrap();
    let mut wrong = TcpStream::connect(address).await.unwrap();
    wrong.write_all(b"open!!").await.unwrap();
    assert_eq!(within(wrong.read(&mut [0])).await.unwrap_or(0), 0);
    let mut right = TcpStream::connect(address).await.unwrap();
    right.write_all(b"please").await.unwrap();
    right.read_exact(&mut [0; 7]).await.unwrap();
    let mut right = Client::over(right).await;
    assert_eq!(right.get("/").await.unwrap().body(), "quick");
    service.connections(|all| all.len() == 2).await;
    let report = within(service.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    right.closed().await;
    drop(slow);
}
