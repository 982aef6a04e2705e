//! The status endpoint: `GET /status`, `GET /jobs/{id}`, `POST /jobs`; what is alive: `GET /debug/registry`.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use listenfd::ListenFd;
use serde::{Deserialize, Serialize};
use sundown::Tasks;
use sundown::http::{Server, ServerBuilder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::job::{Job, Spec};
use crate::store::Store;

/// How long a client that keeps its connection may send one more request when the server stops. It learns from the answer
/// that the connection closes; one that is closed as it sends loses a request.
const LINGER: Duration = Duration::from_millis(500);

/// Listens on the socket that is handed over, as by systemd: it outlives a restart, and clients that connect meanwhile wait
/// in its queue. Else on `address`.
pub(crate) async fn listen(address: SocketAddr) -> io::Result<ServerBuilder<TcpListener>> {
    let server = match ListenFd::from_env().take_tcp_listener(0)? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            Server::from_listener(TcpListener::from_std(listener)?)
        }
        None => Server::bind(address).await?,
    };
    Ok(server.linger(LINGER))
}

/// What the server serves. Once `stop` is cancelled nobody is kept waiting for a job.
pub(crate) fn router(store: Store, jobs: Tasks, stop: CancellationToken) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/jobs", post(submit))
        .route("/jobs/{id}", get(look))
        .route("/debug/registry", get(alive))
        .with_state(Service { store, jobs, stop })
}

#[derive(Clone)]
struct Service {
    store: Store,
    jobs: Tasks,
    stop: CancellationToken,
}

#[derive(Serialize)]
struct Status {
    jobs: BTreeMap<&'static str, i64>,
    running: Vec<String>,
    draining: bool,
}

async fn status(State(service): State<Service>) -> Result<Json<Status>, Failure> {
    Ok(Json(Status {
        jobs: service.store.counts().await?.into_iter().map(|(state, count)| (state.as_str(), count)).collect(),
        running: service.jobs.names().iter().map(ToString::to_string).collect(),
        draining: service.stop.is_cancelled(),
    }))
}

async fn submit(State(service): State<Service>, Json(spec): Json<Spec>) -> Result<(StatusCode, Json<Job>), Failure> {
    let id = service.store.enqueue(&spec, "http").await?;
    let job = service.store.job(id).await?.ok_or(Failure::NotFound)?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// What is alive: a table, or JSON for who accepts it. It says where things were made, so it is for those who run the service.
async fn alive(headers: HeaderMap) -> Response {
    let snapshot = sundown::registry::snapshot();
    match headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()) {
        Some(accept) if accept.contains("application/json") => Json(snapshot).into_response(),
        _ => format!("{snapshot}\n").into_response(),
    }
}

#[derive(Deserialize)]
struct Look {
    /// Answer only once the job has come and ended, or the runner is being shut down.
    #[serde(default)]
    wait: bool,
}

async fn look(
    State(service): State<Service>,
    Path(id): Path<i64>,
    Query(Look { wait }): Query<Look>,
) -> Result<Json<Job>, Failure> {
    let mut changes = service.store.changes();
    loop {
        changes.borrow_and_update();
        let job = service.store.job(id).await?;
        if !wait || service.stop.is_cancelled() || job.as_ref().is_some_and(|job| job.state.is_final()) {
            return job.map(Json).ok_or(Failure::NotFound);
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = service.stop.cancelled() => {}
        }
    }
}

enum Failure {
    NotFound,
    Internal(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Internal(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Failure::NotFound => StatusCode::NOT_FOUND.into_response(),
            Failure::Internal(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response(),
        }
    }
}
