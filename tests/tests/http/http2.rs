//! HTTP/2, whose streams are tasks of their own.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::Version;
use hyper::body::Bytes;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sundown::http::Server;
use sundown_tests::is_pending;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::support::{Handlers, Service, refused, request, was_forced, within};

struct Client {
    sender: SendRequest<Empty<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
    peer: SocketAddr,
}

async fn connect(address: SocketAddr) -> Client {
    let stream = TcpStream::connect(address).await.unwrap();
    let peer = stream.local_addr().unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    Client { sender, connection: tokio::spawn(connection), peer }
}

async fn get(mut sender: SendRequest<Empty<Bytes>>, path: &str) -> hyper::Result<String> {
    let request = request(&format!("http://test{path}"));
    let response = within(sender.send_request(request)).await?;
    assert_eq!(response.version(), Version::HTTP_2);
    let bytes = within(response.into_body().collect()).await?.to_bytes();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_under_way_are_answered_and_idle_connections_closed() {
    let handlers = Handlers::new();
    let mut service = Service::new(Server::bind("127.0.0.1:0").await.unwrap().serve(handlers.router()));
    let (address, client, idle) =
        (service.address(), connect(service.address()).await, connect(service.address()).await);
    assert_eq!(get(client.sender.clone(), "/").await.unwrap(), "quick");
    assert_eq!(get(idle.sender.clone(), "/").await.unwrap(), "quick");
    let slow: Vec<_> = (0..3).map(|_| tokio::spawn(get(client.sender.clone(), "/slow"))).collect();
    for _ in 0..3 {
        handlers.begun().await;
    }
    let streams = vec![format!("{} GET /slow", client.peer); 3];
    service.connections(|all| streams.iter().all(|stream| all.contains(stream)) && all.len() == 5).await;

    let mut shutdown = Box::pin(service.shutdown());
    assert!(is_pending(&mut shutdown).await);
    refused(address).await;
    let _ = within(idle.connection).await.unwrap();
    handlers.answers.add_permits(3);
    let report = within(shutdown).await.unwrap();
    assert!(report.is_clean(), "{report}");
    for slow in slow {
        assert_eq!(within(slow).await.unwrap().unwrap(), "slow");
    }
    within(client.connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_that_hangs_is_aborted_and_named() {
    let handlers = Handlers::new();
    let mut service = Service::new(Server::bind("127.0.0.1:0").await.unwrap().serve(handlers.router()));
    let client = connect(service.address()).await;
    let slow = tokio::spawn(get(client.sender.clone(), "/slow"));
    handlers.begun().await;
    let error = service.shutdown_within(Duration::from_millis(200)).await.unwrap_err();
    let step = error.report().find("Service.server").expect("it is a step");
    assert!(was_forced(step), "{error:?}");
    let detail = step.detail().expect("it says who");
    assert!(detail.contains(&format!("`{} GET /slow` (", client.peer)), "{detail}");
    assert!(detail.contains(&format!("`{}` (", client.peer)), "{detail}");
    within(handlers.gone.acquire()).await.unwrap().forget();
    within(slow).await.unwrap().unwrap_err();
    let _ = within(client.connection).await.unwrap();
}
