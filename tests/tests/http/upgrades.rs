//! WebSockets: a connection that was upgraded is one until its stream is dropped.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use futures_util::{SinkExt as _, StreamExt as _};
use sundown::CancellationToken;
use sundown::http::Server;
use sundown_tests::is_pending;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message as ClientMessage};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::support::{Service, refused, was_forced, within};

/// Echoes until `stop`.
async fn echo(mut socket: WebSocket, stop: CancellationToken) {
    while let Some(message) = stop.run_until_cancelled(socket.recv()).await {
        let Some(Ok(message)) = message else { return };
        if socket.send(message).await.is_err() {
            return;
        }
    }
    let _ = socket.send(Message::Close(None)).await;
}

fn router(stop: CancellationToken) -> Router {
    let upgrade = move |upgrade: WebSocketUpgrade| async move { upgrade.on_upgrade(|socket| echo(socket, stop)) };
    Router::new().route("/ws", get(upgrade))
}

async fn connect(address: SocketAddr) -> (WebSocketStream<TcpStream>, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = format!("{} GET /ws", stream.local_addr().unwrap());
    let (mut socket, _) = within(client_async(format!("ws://{address}/ws"), stream)).await.unwrap();
    send(&mut socket).await.unwrap();
    (socket, name)
}

/// Sends a message, and gets it back.
async fn send(socket: &mut WebSocketStream<TcpStream>) -> tungstenite::Result<()> {
    socket.send(ClientMessage::text("hello")).await?;
    match within(socket.next()).await {
        Some(Ok(message)) => assert_eq!(message.into_text()?, "hello"),
        Some(Err(error)) => return Err(error),
        None => return Err(tungstenite::Error::ConnectionClosed),
    }
    Ok(())
}

#[tokio::test]
async fn it_is_waited_for_and_still_works() {
    let stop = CancellationToken::new();
    let mut service = Service::new(Server::bind("127.0.0.1:0").await.unwrap().serve(router(stop.clone())));
    let address = service.address();
    let (mut socket, name) = connect(address).await;
    service.connections(|all| *all == [name.clone()]).await;
    let mut shutdown = Box::pin(service.shutdown());
    assert!(is_pending(&mut shutdown).await);
    refused(address).await;
    send(&mut socket).await.unwrap();
    assert!(is_pending(&mut shutdown).await);
    stop.cancel();
    let report = within(shutdown).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn it_is_aborted_and_named() {
    let server = Server::bind("127.0.0.1:0").await.unwrap().serve(router(CancellationToken::new()));
    let mut service = Service::new(server);
    let (mut socket, name) = connect(service.address()).await;
    let error = service.shutdown_within(Duration::from_millis(100)).await.unwrap_err();
    let step = error.report().find("Service.server").expect("it is a step");
    assert!(was_forced(step), "{error:?}");
    let detail = step.detail().expect("it says who");
    assert!(detail.starts_with(&format!("aborted `{name}` (")), "{detail}");
    while send(&mut socket).await.is_ok() {}
}
