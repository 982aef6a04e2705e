//! An axum router that drains: no new connection is accepted, and a request that is under way is answered.

use std::io;
use std::time::Duration;

use axum::{Router, routing::get};
use sundown::http::Server;
use sundown::{Exit, ShutdownGuard, must_shutdown};

#[must_shutdown]
struct Service {
    #[shutdown]
    server: Server,
    guard: ShutdownGuard<Self>,
}

async fn slow() -> &'static str {
    println!("a request");
    tokio::time::sleep(Duration::from_secs(1)).await;
    "answered"
}

fn main() -> Exit {
    sundown::run(async |_| {
        let server = Server::bind("127.0.0.1:0").await?.serve(Router::new().route("/", get(slow)));
        println!("http://{}", server.local_addr().expect("it is TCP"));
        io::Result::Ok(Service { server, guard: ShutdownGuard::new() })
    })
}
