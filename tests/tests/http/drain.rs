//! What a server does with its connections when it is requested to stop.

use std::io::{Read as _, Write as _};
use std::net::TcpStream as Blocking;
use std::time::Duration;

use sundown::http::Server;
use sundown::{Progress, Teardown as _};
use sundown_tests::{GENEROUS, is_pending};
use tokio::net::TcpStream;

use super::support::{Client, Handlers, Service, refused, within};

async fn start(handlers: &Handlers) -> Service {
    Service::new(Server::bind("127.0.0.1:0").await.expect("a free port").serve(handlers.router()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_are_closed_at_once() {
    let mut service = start(&Handlers::new()).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = Client::connect(service.address()).await;
        assert_eq!(client.get("/").await.unwrap().body(), "quick");
        clients.push(client);
    }
    let report = service.shutdown().await.unwrap();
    assert!(report.is_clean(), "{report}");
    for client in clients {
        client.closed().await;
    }
    refused(service.address()).await;
}

#[tokio::test]
async fn requests_under_way_are_answered_and_new_connections_refused() {
    let handlers = Handlers::new();
    let mut service = start(&handlers).await;
    let (address, client) = (service.address(), Client::connect(service.address()).await);
    let peer = client.peer;
    let slow = client.spawn_get("/slow");
    handlers.begun().await;
    service.connections(|all| *all == [format!("{peer} GET /slow")]).await;

    let mut shutdown = Box::pin(service.shutdown());
    assert!(is_pending(&mut shutdown).await);
    refused(address).await;
    assert!(is_pending(&mut shutdown).await);
    handlers.answers.add_permits(1);
    assert_eq!(within(slow).await.unwrap().unwrap(), "slow");
    let report = within(shutdown).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_connection_is_named_by_its_request_while_that_is_under_way() {
    let handlers = Handlers::new();
    let mut service = start(&handlers).await;
    let mut client = Client::connect(service.address()).await;
    let peer = client.peer;
    service.connections(|all| *all == [peer.to_string()]).await;
    handlers.answers.add_permits(1);
    assert_eq!(client.get("/slow?secret=1").await.unwrap().body(), "slow");
    service.connections(|all| *all == [peer.to_string()]).await;
    let slow = client.spawn_get("/slow?secret=1");
    service.connections(|all| *all == [format!("{peer} GET /slow")]).await;
    handlers.answers.add_permits(1);
    assert_eq!(within(slow).await.unwrap().unwrap(), "slow");
    service.shutdown().await.unwrap();
}

/// The kernel has accepted them, and the server does not know them yet: a client has no means to tell.
#[tokio::test]
async fn those_in_the_queue_are_served() {
    let server = Server::bind("127.0.0.1:0").await.unwrap().linger(GENEROUS).serve(Handlers::new().router());
    let mut service = Service::new(server);
    let mut clients: Vec<_> = (0..50).map(|_| Blocking::connect(service.address()).unwrap()).collect();
    // No task of the server has run since: this thread was blocked.
    (&service.server).request(&mut Progress::new("server"));
    refused(service.address()).await;
    for client in &mut clients {
        client.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    }
    let report = within(service.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    for mut client in clients {
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("quick"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn one_who_has_sent_nothing_is_not_waited_for_long() {
    let mut service = start(&Handlers::new()).await;
    let silent = TcpStream::connect(service.address()).await.unwrap();
    service.connections(|all| all.len() == 1).await;
    let report = within(service.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    drop(silent);
}

#[tokio::test]
async fn an_idle_one_that_lingers_gets_one_more_answer() {
    for linger in [GENEROUS, Duration::MAX] {
        let builder = Server::bind("127.0.0.1:0").await.unwrap().linger(linger);
        let mut service = Service::new(builder.serve(Handlers::new().router()));
        let mut client = Client::connect(service.address()).await;
        assert!(!client.get("/").await.unwrap().headers().contains_key("connection"));
        (&service.server).request(&mut Progress::new("server"));
        refused(service.address()).await;
        let last = client.get("/").await.unwrap();
        assert_eq!((last.headers()["connection"].to_str().unwrap(), last.body().as_str()), ("close", "quick"));
        client.closed().await;
        let report = within(service.shutdown()).await.unwrap();
        assert!(report.is_clean(), "{report}");
    }
}

#[tokio::test]
async fn a_shutdown_that_is_dropped_goes_on() {
    let handlers = Handlers::new();
    let mut service = start(&handlers).await;
    let slow = Client::connect(service.address()).await.spawn_get("/slow");
    handlers.begun().await;
    for _ in 0..3 {
        assert!(tokio::time::timeout(Duration::from_millis(5), service.shutdown()).await.is_err());
    }
    refused(service.address()).await;
    handlers.answers.add_permits(1);
    let report = within(service.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(within(slow).await.unwrap().unwrap(), "slow");
}

#[tokio::test]
async fn a_server_that_is_dropped_stops() {
    let handlers = Handlers::new();
    let server = Server::bind("127.0.0.1:0").await.unwrap().serve(handlers.router());
    let address = server.local_addr().unwrap();
    let mut idle = Client::connect(address).await;
    assert_eq!(idle.get("/").await.unwrap().body(), "quick");
    let slow = Client::connect(address).await.spawn_get("/slow");
    handlers.begun().await;
    drop(server);
    refused(address).await;
    idle.closed().await;
    handlers.answers.add_permits(1);
    assert_eq!(within(slow).await.unwrap().unwrap(), "slow");
}
