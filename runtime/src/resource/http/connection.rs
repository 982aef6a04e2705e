//! One connection: its handshake, its requests, what it does when the server stops.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{Either, select};
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Streams;
use super::requests::{Requests, State};
use super::socket::Socket;
use crate::observe;

/// The time in which one who has connected sends the first of a request, even over a long way: none is closed before, since a
/// client cannot know that it was not read.
const FRESH: Duration = Duration::from_millis(250);

/// What all connections of a server have in common.
pub(super) struct Setup {
    pub(super) http: auto::Builder<Streams>,
    /// How long an idle one may send one more request.
    pub(super) linger: Duration,
}

/// Serves one connection; after `drain`, until the requests under way are answered.
pub(super) async fn serve<Io, S, B>(
    handshake: impl Future<Output = io::Result<Io>>,
    service: S,
    requests: Arc<Requests>,
    setup: Arc<Setup>,
    drain: CancellationToken,
) where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: hyper::service::Service<hyper::Request<Incoming>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let accepted = Instant::now();
    let fresh = accepted + FRESH;
    let late = pin!(async {
        drain.cancelled().await;
        sleep_until(fresh).await;
    });
    let (socket, hold) = match select(pin!(handshake), late).await {
        Either::Left((Ok(io), _)) => Socket::new(io),
        Either::Left((Err(error), _)) => return observe::connection_broken(requests.peer(), &error),
        Either::Right(((), _)) => return,
    };
    {
        let mut connection = pin!(setup.http.serve_connection_with_upgrades(TokioIo::new(socket), service));
        let mut served = drain.run_until_cancelled(connection.as_mut()).await;
        if served.is_none()
            && let Some(until) = patience(requests.state(), fresh, setup.linger)
        {
            let mut late = pin!(sleep_until(until));
            served = poll_fn(|cx| match connection.as_mut().poll(cx) {
                Poll::Ready(served) => Poll::Ready(Some(served)),
                // Hyper tells the client from here on.
                Poll::Pending if requests.state().client_learns() => Poll::Ready(None),
                Poll::Pending => late.as_mut().poll(cx).map(|()| None),
            })
            .await;
        }
        let served = match served {
            Some(served) => served,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            observe::connection_broken(requests.peer(), &*error);
        }
    }
    // An upgraded one is somebody else's now.
    hold.dropped().await;
}

/// Until when it may begin a request, before it is closed as idle; none for one that is not idle, or whose client learns it by HTTP/2.
fn patience(state: State, fresh: Instant, linger: Duration) -> Option<Instant> {
    let now = Instant::now();
    let until = match state {
        state if state.client_learns() => now,
        State { any: true, .. } => now + linger,
        State { any: false, .. } => fresh.max(now + linger),
    };
    (until > now).then_some(until)
}
