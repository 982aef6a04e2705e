//! tonic: its services are tower services, and its streams are those of HTTP/2.

use std::time::Duration;

use sundown::http::Server;
use sundown_tests::is_pending;
use tonic::service::Routes;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::support::{Service, refused, was_forced, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_answered_and_streams_that_hang_are_named() {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("jobs", tonic_health::ServingStatus::Serving).await;
    let server = Server::bind("127.0.0.1:0").await.unwrap().serve(Routes::new(health));
    let mut service = Service::new(server);
    let address = service.address();
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client = HealthClient::new(within(channel.connect()).await.unwrap());
    let jobs = || HealthCheckRequest { service: "jobs".to_owned() };
    assert_eq!(within(client.check(jobs())).await.unwrap().into_inner().status, 1);
    let mut watch = within(client.watch(jobs())).await.unwrap().into_inner();
    assert_eq!(within(watch.message()).await.unwrap().unwrap().status, 1);

    let mut shutdown = Box::pin(service.shutdown());
    assert!(is_pending(&mut shutdown).await);
    refused(address).await;
    // A stream that is under way goes on.
    reporter.set_service_status("jobs", tonic_health::ServingStatus::NotServing).await;
    assert_eq!(within(watch.message()).await.unwrap().unwrap().status, 2);
    drop(shutdown);

    let error = service.shutdown_within(Duration::from_millis(200)).await.unwrap_err();
    let step = error.report().find("Service.server").expect("it is a step");
    assert!(was_forced(step), "{error:?}");
    let detail = step.detail().expect("it says who");
    assert!(detail.contains(" POST /grpc.health.v1.Health/Watch` ("), "{detail}");
    within(watch.message()).await.unwrap_err();
}
