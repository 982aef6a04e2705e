//! The status endpoint: `GET /status`, `GET /jobs/{id}`, `POST /jobs`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use sundown::{Tasks, Teardown};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::job::{Job, Spec};
use crate::store::Store;

const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// The server. Asked to stop, it accepts no new connection, answers the requests under way and closes; a connection that
/// outlives the deadline is aborted, and named in the report by its peer.
#[derive(Debug, Teardown)]
pub(crate) struct StatusServer {
    #[shutdown]
    accepting: Tasks,
    /// A handler that panics ends its connection, and not the service.
    #[shutdown(on_end = "ignore")]
    connections: Tasks,
    address: SocketAddr,
}

impl StatusServer {
    pub(crate) fn start(listener: TcpListener, store: Store, jobs: Tasks) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let (accepting, connections) = (Tasks::new(), Tasks::new());
        let app = Router::new()
            .route("/status", get(status))
            .route("/jobs", post(submit))
            .route("/jobs/{id}", get(look))
            .with_state(Service { store, jobs, drain: connections.token() });
        accepting.spawn("accept", accept(listener, app, accepting.token(), connections.clone()))?;
        Ok(StatusServer { accepting, connections, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Accepts until `stop`. `axum::serve` would do, but for the connections, which it spawns where nobody can abort them.
async fn accept(listener: TcpListener, app: Router, stop: CancellationToken, connections: Tasks) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                let served = serve(stream, app.clone(), connections.token());
                if connections.spawn(format!("connection of {peer}"), served).is_err() {
                    return; // the shutdown has come in between
                }
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                // Out of descriptors, most likely: to accept again at once would spin.
                stop.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await;
            }
        }
    }
}

/// Serves one connection; after `drain`, until the request under way is answered.
async fn serve(stream: TcpStream, app: Router, drain: CancellationToken) {
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = pin!(connection);
    let served = match drain.run_until_cancelled(connection.as_mut()).await {
        Some(served) => served,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!("a connection has broken: {error}");
    }
}

#[derive(Clone)]
struct Service {
    store: Store,
    jobs: Tasks,
    drain: CancellationToken,
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
        draining: service.drain.is_cancelled(),
    }))
}

async fn submit(State(service): State<Service>, Json(spec): Json<Spec>) -> Result<(StatusCode, Json<Job>), Failure> {
    let id = service.store.enqueue(&spec, "http").await?;
    let job = service.store.job(id).await?.ok_or(Failure::NotFound)?;
    Ok((StatusCode::ACCEPTED, Json(job)))
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
        if !wait || service.drain.is_cancelled() || job.as_ref().is_some_and(|job| job.state.is_final()) {
            return job.map(Json).ok_or(Failure::NotFound);
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = service.drain.cancelled() => {}
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
