//! A handler that panics ends its connection, and not the server.

use sundown::any_ended;
use sundown::http::Server;
use sundown_tests::is_pending;

use super::support::{Client, Handlers, Service};

#[tokio::test]
async fn a_panic_ends_its_connection_and_is_in_the_report() {
    let mut service = Service::new(Server::bind("127.0.0.1:0").await.unwrap().serve(Handlers::new().router()));
    let (mut panics, mut other) = (Client::connect(service.address()).await, Client::connect(service.address()).await);
    assert_eq!(other.get("/").await.unwrap().body(), "quick");
    panics.get("/boom").await.unwrap_err();
    let peer = panics.peer;
    panics.closed().await;
    assert_eq!(other.get("/").await.unwrap().body(), "quick");
    assert!(is_pending(&mut Box::pin(any_ended(&mut service))).await, "it is no end of the server");
    let report = service.shutdown().await.unwrap();
    let detail = report.find("Service.server").unwrap().detail().expect("it says so");
    assert!(detail.starts_with(&format!("a task panicked earlier: `{peer} GET /boom` (")), "{detail}");
    assert!(detail.ends_with("): boom"), "{detail}");
}
