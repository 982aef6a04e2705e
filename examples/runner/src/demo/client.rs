//! Just enough of an HTTP client to feed the demo.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Posts a job.
pub(super) async fn post_job(address: SocketAddr, job: &str) -> anyhow::Result<String> {
    let length = job.len();
    let head = format!("POST /jobs HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
    exchange(address, &head, job).await
}

/// Asks for a job and is answered when it has ended, or when the server drains.
pub(super) async fn wait_for_job(address: SocketAddr, id: i64) -> anyhow::Result<String> {
    exchange(address, &format!("GET /jobs/{id}?wait=true HTTP/1.1\r\n"), "").await
}

async fn exchange(address: SocketAddr, head: &str, body: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("{head}host: {address}\r\nconnection: close\r\n\r\n{body}").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer was cut off")?;
    ensure!(head.starts_with("HTTP/1.1 2"), "{answer}");
    Ok(body.to_owned())
}
