//! A server: `GET /status`. Asked to stop it accepts no more, and answers what is under way.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use sundown::http::Server;

use crate::figures::Figures;

pub(crate) async fn serve(address: SocketAddr, figures: Arc<Figures>) -> anyhow::Result<Server> {
    let server = Server::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    Ok(server.serve(Router::new().route("/status", get(status)).with_state(figures)))
}

async fn status(State(figures): State<Arc<Figures>>) -> String {
    format!("{figures}\n")
}
