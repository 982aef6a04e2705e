//! The requests of a connection: how many are under way, and what its task is called for it.

use std::borrow::Cow;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use pin_project_lite::pin_project;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use crate::resource::tasks::Renaming;
use crate::sync::lock;

/// The number of characters of a path that a report has.
const PATH: usize = 120;

/// Who has sent a request: an extension of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer<P>(pub P);

/// The requests of one connection.
pub(super) struct Requests {
    peer: String,
    /// The task of the connection is of one group, those of its streams of another.
    renaming: [Renaming; 2],
    drain: CancellationToken,
    state: Mutex<State>,
}

/// What is known of them.
#[derive(Clone, Copy, Default)]
pub(super) struct State {
    pub(super) under_way: usize,
    /// Whether there was one.
    pub(super) any: bool,
    pub(super) is_http2: bool,
}

impl State {
    /// Whether the client learns that the connection closes: by an answer, or by HTTP/2.
    pub(super) fn client_learns(self) -> bool {
        self.under_way > 0 || self.is_http2
    }
}

impl Requests {
    pub(super) fn new(peer: String, renaming: [Renaming; 2], drain: CancellationToken) -> Arc<Self> {
        Arc::new(Requests { peer, renaming, drain, state: Mutex::default() })
    }

    pub(super) fn peer(&self) -> &str {
        &self.peer
    }

    pub(super) fn state(&self) -> State {
        *lock(&self.state)
    }

    /// The task around the caller is called by this from now on.
    fn rename(&self, name: impl Fn() -> Cow<'static, str>) {
        let _ = self.renaming.iter().any(|group| group.current(&name));
    }
}

/// One request, until the last of its response was sent, or it was given up.
struct UnderWay {
    requests: Arc<Requests>,
    method: Method,
    /// The path, or the authority of a `CONNECT`; none when the task has its name.
    path: Option<String>,
    is_http2: bool,
    /// The connection is something else from now on, with the name of the request that made it so.
    is_upgraded: bool,
}

impl UnderWay {
    fn begin<T>(requests: &Arc<Requests>, request: &Request<T>) -> Self {
        let uri = request.uri();
        let path = match uri.authority() {
            Some(authority) if request.method() == Method::CONNECT => authority.as_str(),
            _ => uri.path(),
        };
        let is_http2 = request.version() >= Version::HTTP_2;
        {
            let mut state = lock(&requests.state);
            *state = State { under_way: state.under_way + 1, any: true, is_http2 };
        }
        UnderWay {
            requests: Arc::clone(requests),
            method: request.method().clone(),
            path: Some(path.chars().take(PATH).collect()),
            is_http2,
            is_upgraded: false,
        }
    }

    /// It is polled, in the task that it is a part of.
    fn name_task(&mut self) {
        if let Some(path) = self.path.take() {
            let (peer, method) = (&self.requests.peer, &self.method);
            self.requests.rename(|| Cow::Owned(format!("{peer} {method} {path}")));
        }
    }

    fn answered<B>(&mut self, response: &mut Response<B>) {
        if self.is_http2 {
            return;
        }
        let status = response.status();
        self.is_upgraded =
            status == StatusCode::SWITCHING_PROTOCOLS || (self.method == Method::CONNECT && status.is_success());
        if !self.is_upgraded && self.requests.drain.is_cancelled() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.requests.state).under_way -= 1;
        // The note of a panic is to name the request.
        if !self.is_http2 && !self.is_upgraded && self.path.is_none() && !std::thread::panicking() {
            self.requests.rename(|| Cow::Owned(self.requests.peer.clone()));
        }
    }
}

/// A service whose requests are noted.
pub(super) struct Noted<S, P> {
    service: TowerToHyperService<S>,
    peer: Peer<P>,
    requests: Arc<Requests>,
}

impl<S, P> Noted<S, P> {
    pub(super) fn new(service: S, peer: Peer<P>, requests: Arc<Requests>) -> Self {
        Noted { service: TowerToHyperService::new(service), peer, requests }
    }
}

impl<S, P, B> hyper::service::Service<Request<Incoming>> for Noted<S, P>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone,
    P: Display + Clone + Send + Sync + 'static,
{
    type Response = Response<Answer<B>>;
    type Error = S::Error;
    type Future = Answering<S>;

    fn call(&self, mut request: Request<Incoming>) -> Answering<S> {
        let under_way = Some(UnderWay::begin(&self.requests, &request));
        request.extensions_mut().insert(self.peer.clone());
        Answering { answer: self.service.call(request), under_way }
    }
}

pin_project! {
    /// A request that is being answered.
    pub(super) struct Answering<S>
    where
        S: Service<Request<Incoming>>,
    {
        #[pin]
        answer: TowerToHyperServiceFuture<S, Request<Incoming>>,
        under_way: Option<UnderWay>,
    }
}

impl<S, B> Future for Answering<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Output = Result<Response<Answer<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(under_way) = this.under_way {
            under_way.name_task();
        }
        let mut response = ready!(this.answer.poll(cx))?;
        let mut under_way = this.under_way.take();
        if let Some(under_way) = &mut under_way {
            under_way.answered(&mut response);
        }
        Poll::Ready(Ok(response.map(|body| Answer { body, _under_way: under_way })))
    }
}

pin_project! {
    /// The body of a response.
    pub(super) struct Answer<B> {
        #[pin]
        body: B,
        _under_way: Option<UnderWay>,
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
