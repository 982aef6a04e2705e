//! What outlives the deadline is aborted, and named.

use std::time::Duration;

use sundown::http::Server;

use super::support::{Client, Handlers, Service, refused, was_forced, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_hangs_is_aborted_and_named_by_peer_and_path() {
    let handlers = Handlers::new();
    let mut service = Service::new(Server::bind("127.0.0.1:0").await.unwrap().serve(handlers.router()));
    let client = Client::connect(service.address()).await;
    let peer = client.peer;
    let slow = client.spawn_get("/slow");
    handlers.begun().await;
    let mut idle = Client::connect(service.address()).await;
    idle.get("/").await.unwrap();

    let start = std::time::Instant::now();
    let error = service.shutdown_within(Duration::from_millis(300)).await.unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(150), "it was waited for: {:?}", start.elapsed());
    let step = error.report().find("Service.server").expect("it is a step");
    assert!(was_forced(step), "{error:?}");
    let detail = step.detail().expect("it says who");
    assert!(detail.starts_with(&format!("aborted `{peer} GET /slow` (")), "{detail}");
    assert!(detail.contains("force.rs") && !detail.contains(','), "{detail}");
    within(handlers.gone.acquire()).await.unwrap().forget();
    within(slow).await.unwrap().unwrap_err();
    idle.closed().await;
    refused(service.address()).await;
}

#[tokio::test]
async fn a_response_is_under_way_until_its_end() {
    let mut service = Service::new(Server::bind("127.0.0.1:0").await.unwrap().serve(Handlers::new().router()));
    let client = Client::connect(service.address()).await;
    let peer = client.peer;
    let endless = client.spawn_get("/endless");
    let name = format!("{peer} GET /endless");
    service.connections(|all| *all == [name.clone()]).await;
    let error = service.shutdown_within(Duration::from_millis(100)).await.unwrap_err();
    let text = error.report().to_string();
    assert!(text.contains(&format!("aborted `{name}`")), "{text}");
    within(endless).await.unwrap().unwrap_err();
}
