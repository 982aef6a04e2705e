//! `Server`: HTTP connections that are drained when it stops, and aborted by name at the deadline.

mod accept;
mod connection;
mod listener;
mod requests;
mod socket;
mod teardown;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::rt::Executor;
use hyper::{Request, Response};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, ToSocketAddrs};
use tower_service::Service;

use crate::driver::FOREVER;
use crate::resource::tasks::{TaskInfo, Tasks};
use connection::Setup;
pub use listener::{Listener, UnixPeer};
pub use requests::Peer;
use requests::Requests;

/// An HTTP server: a listener, and the connections that it has accepted.
///
/// It serves a tower `Service`, such as an axum `Router` or tonic's `Routes`, over HTTP/1 and HTTP/2, with upgrades.
/// A cheap handle: all clones are one server. As a [`Teardown`](crate::Teardown) it is asked by closing the listener, from
/// where new connections are refused; those that have connected by then are still accepted. An idle connection is closed,
/// and one with a request under way when that is answered. It has ended when the last connection has. Forced, it aborts
/// those that are left, and the report names each by its peer, with the method and path of its request.
///
/// A connection that was accepted within the last 250 ms and has sent nothing yet is waited for until then.
/// [`linger`](ServerBuilder::linger) does the same for idle ones.
///
/// A WebSocket, or whatever else a connection was upgraded to, is a connection until its stream is dropped. What uses the
/// stream has to hear of the stop by other means, as a [`CancellationToken`](crate::CancellationToken) in a field beside
/// the server. Aborted, the stream returns an error, and what was spawned for it is the business of who has spawned it: a
/// [`Tasks`] field.
///
/// A handler that panics ends its connection, or its stream of HTTP/2, and not the server: there is an error event, and the
/// report has it, as [`Tasks`] says. That of a listener that has failed is an end that nobody has requested, see
/// [`any_ended`](crate::any_ended); the connections run on. Other errors of `accept`, as too many open files, are events: it
/// tries again after a pause.
///
/// Dropping the last handle requests it to stop, as a shutdown does, and nobody waits for the connections.
///
/// ```
/// use axum::{Router, routing::get};
/// use sundown::{ShutdownGuard, http::Server, must_shutdown};
///
/// #[must_shutdown(timeout = "10s")]
/// struct Service {
///     #[shutdown]
///     server: Server,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let router = Router::new().route("/", get(|| async { "hello" }));
/// let server = Server::bind("127.0.0.1:0").await?.serve(router);
/// println!("http://{}", server.local_addr().expect("it is TCP"));
/// let mut service = Service { server, guard: ShutdownGuard::new() };
/// service.shutdown().await.expect("nobody has connected");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Server {
    /// The one task that accepts. At its end it requests the connections.
    accepting: Tasks,
    connections: Tasks,
    /// Those of HTTP/2, each a task. Open as long as there are connections.
    streams: Tasks,
    local_addr: Option<SocketAddr>,
}

impl Server {
    /// Binds a TCP listener, as [`TcpListener::bind`] does; `Server` is made by [`serve`](ServerBuilder::serve).
    ///
    /// # Errors
    ///
    /// If the address cannot be had.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(address: A) -> impl Future<Output = io::Result<ServerBuilder<TcpListener>>> {
        let location = Location::caller();
        async move { Ok(ServerBuilder::new(TcpListener::bind(address).await?, location)) }
    }

    /// For a listener that there is: a [`TcpListener`], a `UnixListener`, or one of your own.
    #[track_caller]
    pub fn from_listener<L: Listener>(listener: L) -> ServerBuilder<L> {
        ServerBuilder::new(listener, Location::caller())
    }

    /// Where it listens, if it is TCP.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addr
    }

    /// The connections, by their peers, each with its request if one is under way; and the streams of HTTP/2, whose
    /// requests are under way.
    #[must_use]
    pub fn connections(&self) -> Vec<TaskInfo> {
        let mut connections = self.connections.names();
        connections.extend(self.streams.names());
        connections.sort();
        connections
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("local_addr", &self.local_addr)
            .field("connections", &self.connections.len())
            .field("listens", &!self.accepting.is_empty())
            .finish()
    }
}

/// The handshake of a connection that has none.
type NoHandshake<L> = fn(<L as Listener>::Io) -> Ready<io::Result<<L as Listener>::Io>>;

/// A server that is being set up: [`serve`](Self::serve) starts it.
#[must_use = "it accepts connections once `serve` was called"]
pub struct ServerBuilder<L: Listener, H = NoHandshake<L>> {
    listener: L,
    handshake: H,
    http: auto::Builder<Streams>,
    linger: Duration,
    streams: Tasks,
    location: &'static Location<'static>,
}

impl<L: Listener> ServerBuilder<L> {
    fn new(listener: L, location: &'static Location<'static>) -> Self {
        let streams = Tasks::at(location);
        let mut http = auto::Builder::new(Streams { streams: streams.clone(), location });
        // For WebSockets over HTTP/2.
        http.http2().enable_connect_protocol();
        ServerBuilder { listener, handshake: |io| ready(Ok(io)), http, linger: Duration::ZERO, streams, location }
    }

    /// What comes before HTTP on each connection, as TLS. It runs in the task of the connection, so a slow one holds up
    /// nobody else. A connection whose handshake fails or panics is closed.
    ///
    /// ```ignore
    /// let tls = tokio_rustls::TlsAcceptor::from(config); // with `alpn_protocols` of `h2` and `http/1.1`
    /// let server = Server::bind("[::]:443").await?.handshake(move |stream| tls.accept(stream)).serve(router);
    /// ```
    pub fn handshake<H, F, Io>(self, handshake: H) -> ServerBuilder<L, H>
    where
        H: Fn(L::Io) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Io>> + Send + 'static,
    {
        let ServerBuilder { listener, http, linger, streams, location, .. } = self;
        ServerBuilder { listener, handshake, http, linger, streams, location }
    }
}

impl<L: Listener, H> ServerBuilder<L, H> {
    /// For how long an idle connection of HTTP/1 may send one more request when the server stops. It is answered with
    /// `connection: close`, so a client that keeps its connections for a time, and sends requests more often than this,
    /// meets none that is closed as it sends. Zero by default: idle connections are closed at once. HTTP/2 needs it not.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger.min(FOREVER);
        self
    }

    /// Sets options of hyper: timeouts, keep-alive, the size of headers, the number of streams.
    ///
    /// Options that need a timer need `TokioTimer` of hyper-util.
    pub fn http(mut self, set: impl FnOnce(&mut auto::Builder<Streams>)) -> Self {
        set(&mut self.http);
        self
    }

    /// Starts the server, on the runtime around the caller.
    ///
    /// Each request has its peer as an extension, a [`Peer`]; in axum `Extension(Peer(address)): Extension<Peer<SocketAddr>>`.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use = "a server that is dropped stops"]
    pub fn serve<F, Io, S, B>(self, service: S) -> Server
    where
        H: Fn(L::Io) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Io>> + Send + 'static,
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let ServerBuilder { listener, handshake, http, linger, streams, location } = self;
        let (accepting, connections) = (Tasks::at(location), Tasks::at(location));
        let local_addr = listener.local_addr();
        let server = Server { accepting, connections, streams, local_addr };

        let (setup, handshake) = (Arc::new(Setup { http, linger }), Arc::new(handshake));
        let renaming = [server.connections.renaming(), server.streams.renaming()];
        let connections = server.connections.clone();
        let start = move |io: L::Io, peer: L::Peer| {
            let drain = connections.token();
            let requests = Requests::new(peer.to_string(), renaming.clone(), drain.clone());
            let name = requests.peer().to_owned();
            let service = requests::Noted::new(service.clone(), Peer(peer), Arc::clone(&requests));
            let handshake = Arc::clone(&handshake);
            let handshake = async move { handshake(io).await };
            let served = connection::serve(handshake, service, requests, Arc::clone(&setup), drain);
            // Refused if somebody else has closed the group, as `registry::shutdown_all`.
            let _ = connections.spawn_from(Cow::Owned(name), location, served);
        };
        let name = format!("accept on {}", listener.name());
        let accept = accept::run(listener, server.accepting.token(), start);
        let connections = server.connections.clone();
        let accept = async move {
            accept.await?;
            // It was requested to stop, and has started the last connection.
            connections.request_all();
            Ok::<_, io::Error>(())
        };
        let spawned = server.accepting.spawn_from(Cow::Owned(name), location, accept);
        debug_assert!(spawned.is_ok(), "it is open");
        server
    }
}

/// Runs the streams of HTTP/2, as tasks of the server.
#[derive(Clone)]
pub struct Streams {
    streams: Tasks,
    location: &'static Location<'static>,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        // It is called by its request once that is known. Refused once there is no connection left, or by somebody else.
        let _ = self.streams.spawn_from(Cow::Borrowed("a stream of HTTP/2"), self.location, stream);
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}
