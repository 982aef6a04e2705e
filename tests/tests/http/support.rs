//! A service with a server, its handlers, and clients.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use sundown::http::Server;
use sundown::{Outcome, ShutdownGuard, StepReport, must_shutdown};
use sundown_tests::GENEROUS;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

#[must_shutdown(timeout = "30s")]
pub(crate) struct Service {
    #[shutdown]
    pub(crate) server: Server,
    pub(crate) guard: ShutdownGuard<Self>,
}

impl Service {
    pub(crate) fn new(server: Server) -> Self {
        Service { server, guard: ShutdownGuard::new() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr().expect("it is TCP")
    }

    /// Waits until the server says this of its connections.
    pub(crate) async fn connections(&self, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        let start = Instant::now();
        loop {
            let all: Vec<_> = self.server.connections().iter().map(|task| task.name().to_owned()).collect();
            if is_so(&all) {
                return all;
            }
            assert!(start.elapsed() < GENEROUS, "{all:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// What the handlers tell a test, and hear from it.
#[derive(Clone)]
pub(crate) struct Handlers {
    /// A permit for each request to `/slow` that is being handled.
    pub(crate) begun: Arc<Semaphore>,
    /// `/slow` answers with one of these.
    pub(crate) answers: Arc<Semaphore>,
    /// A permit for each request to `/slow` that was answered or dropped.
    pub(crate) gone: Arc<Semaphore>,
}

impl Handlers {
    pub(crate) fn new() -> Self {
        let none = || Arc::new(Semaphore::new(0));
        Handlers { begun: none(), answers: none(), gone: none() }
    }

    pub(crate) fn router(&self) -> Router {
        let handlers = self.clone();
        let slow = move || {
            let Handlers { begun, answers, gone } = handlers.clone();
            async move {
                let _gone = Gone(gone);
                begun.add_permits(1);
                answers.acquire().await.expect("it is open").forget();
                "slow"
            }
        };
        Router::new()
            .route("/", get(|| async { "quick" }))
            .route("/slow", get(slow))
            .route("/endless", get(|| async { Body::new(Endless) }))
            .route("/boom", get(|| async { panic!("boom") as &str }))
    }

    /// Waits for a request to `/slow`.
    pub(crate) async fn begun(&self) {
        within(self.begun.acquire()).await.expect("it is open").forget();
    }
}

struct Gone(Arc<Semaphore>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

/// A body that sends nothing, and does not end.
struct Endless;

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<io::Result<hyper::body::Frame<Bytes>>>> {
        std::task::Poll::Pending
    }
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(GENEROUS, future).await.expect("it does not hang")
}

/// A connection that is kept.
pub(crate) struct Client {
    pub(crate) sender: SendRequest<Empty<Bytes>>,
    pub(crate) connection: JoinHandle<hyper::Result<()>>,
    pub(crate) peer: SocketAddr,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("it listens")).await
    }

    pub(crate) async fn over(stream: TcpStream) -> Self {
        let peer = stream.local_addr().expect("it is connected");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("no byte is sent");
        Client { sender, connection: tokio::spawn(connection), peer }
    }

    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<Response<String>> {
        let response = within(self.sender.send_request(request(path))).await?;
        assert_eq!(response.version(), Version::HTTP_11);
        let (parts, body) = response.into_parts();
        let bytes = within(body.collect()).await?.to_bytes();
        Ok(Response::from_parts(parts, String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// A request whose answer is not waited for here.
    pub(crate) fn spawn_get(mut self, path: &'static str) -> JoinHandle<hyper::Result<String>> {
        tokio::spawn(async move { Ok(self.get(path).await?.into_body()) })
    }

    /// Waits until the server has closed it.
    pub(crate) async fn closed(self) {
        let _ = within(self.connection).await.expect("it does not panic");
    }
}

pub(crate) fn request(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path).header("host", "test").body(Empty::new()).expect("a request")
}

/// Whether it had to be forced. On a busy machine its end is not always confirmed in time.
pub(crate) fn was_forced(step: &StepReport) -> bool {
    matches!(step.outcome(), Outcome::Forced | Outcome::Abandoned { .. })
}

/// Waits until nobody listens there.
pub(crate) async fn refused(address: SocketAddr) {
    let start = Instant::now();
    while TcpStream::connect(address).await.is_ok() {
        assert!(start.elapsed() < GENEROUS, "it listens");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
