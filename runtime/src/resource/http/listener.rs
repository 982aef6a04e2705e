//! Where connections come from.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// The most connections that are taken from the queue of a listener that is closed: one that is shared with another
/// process may get more without an end.
const QUEUED: usize = 4_096;

/// Something that accepts connections: `TcpListener` and `UnixListener` of tokio, or a type of your own.
pub trait Listener: Send + 'static {
    /// A connection.
    type Io: Send + 'static;

    /// Who has connected, as reports name it.
    type Peer: fmt::Display + Clone + Send + Sync + 'static;

    /// The next connection.
    ///
    /// After an error it is called again: at once if the error is that of one connection (`ConnectionAborted`,
    /// `ConnectionReset`, `ConnectionRefused`, `Interrupted`), else after a pause. With `InvalidInput`, which the system
    /// returns for a socket that does not listen any more, or where the descriptor is no socket, the listener has failed.
    ///
    /// # Cancel safety
    ///
    /// Must be cancel safe: no connection may be lost with the future.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Self::Peer)>> + Send;

    /// The address, if it is TCP.
    fn local_addr(&self) -> Option<SocketAddr> {
        None
    }

    /// What events and reports call it.
    fn name(&self) -> String {
        self.local_addr().map_or_else(|| "a listener".to_owned(), |address| address.to_string())
    }

    /// Closes it. Returns the connections that had come by then, which a system would reset.
    fn close(self) -> Vec<(Self::Io, Self::Peer)>
    where
        Self: Sized,
    {
        Vec::new()
    }
}

/// Its connections send at once what is written (`TCP_NODELAY`).
impl Listener for TcpListener {
    type Io = TcpStream;
    type Peer = SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        Ok((at_once(stream), peer))
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        TcpListener::local_addr(self).ok()
    }

    fn close(self) -> Vec<(TcpStream, SocketAddr)> {
        let Ok(listener) = self.into_std() else { return Vec::new() };
        queued(|| {
            let (stream, peer) = listener.accept()?;
            stream.set_nonblocking(true)?;
            Ok((at_once(TcpStream::from_std(stream)?), peer))
        })
    }
}

fn at_once(stream: TcpStream) -> TcpStream {
    // What fails here fails again when it is read.
    let _ = stream.set_nodelay(true);
    stream
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Io = UnixStream;
    type Peer = UnixPeer;

    async fn accept(&mut self) -> io::Result<(UnixStream, UnixPeer)> {
        let (stream, _) = UnixListener::accept(self).await?;
        let peer = UnixPeer::of(&stream);
        Ok((stream, peer))
    }

    fn name(&self) -> String {
        let address = UnixListener::local_addr(self).ok();
        let path = address.as_ref().and_then(|address| address.as_pathname());
        path.map_or_else(|| "a Unix socket".to_owned(), |path| path.display().to_string())
    }

    fn close(self) -> Vec<(UnixStream, UnixPeer)> {
        let Ok(listener) = self.into_std() else { return Vec::new() };
        queued(|| {
            let (stream, _) = listener.accept()?;
            stream.set_nonblocking(true)?;
            let stream = UnixStream::from_std(stream)?;
            let peer = UnixPeer::of(&stream);
            Ok((stream, peer))
        })
    }
}

/// What is in the queue of a listener that does not block.
fn queued<T>(accept: impl Fn() -> io::Result<T>) -> Vec<T> {
    let mut connections = Vec::new();
    while connections.len() < QUEUED {
        match accept() {
            Ok(connection) => connections.push(connection),
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => break,
        }
    }
    connections
}

/// Whether the next connection may be accepted at once.
pub(super) fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Whether no connection will ever come again.
pub(super) fn listens_no_more(error: &io::Error) -> bool {
    #[cfg(unix)]
    let no_socket = [libc::EBADF, libc::ENOTSOCK];
    #[cfg(windows)]
    let no_socket = [10_038]; // WSAENOTSOCK
    #[cfg(not(any(unix, windows)))]
    let no_socket: [i32; 0] = [];
    error.kind() == io::ErrorKind::InvalidInput || error.raw_os_error().is_some_and(|code| no_socket.contains(&code))
}

/// Who has connected to a Unix socket: a process, where the system tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixPeer {
    process: Option<i32>,
}

impl UnixPeer {
    #[cfg(unix)]
    fn of(stream: &UnixStream) -> Self {
        UnixPeer { process: stream.peer_cred().ok().and_then(|credentials| credentials.pid()) }
    }

    /// The id of the process, when it connected.
    #[must_use]
    pub fn process(&self) -> Option<i32> {
        self.process
    }
}

impl fmt::Display for UnixPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            Some(process) => write!(f, "process {process}"),
            None => f.write_str("a process"),
        }
    }
}
