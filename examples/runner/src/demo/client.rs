//! Just enough of an HTTP client to feed the demo.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Posts a job.
pub(super) async fn post_job(address: SocketAddr, job: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("{}host: {address}\r\nconnection: close\r\n\r\n{job}", post(job)).as_bytes()).await?;
    answer(stream).await
}

/// Begins to post a job. The server has begun to handle the request when this returns; the future sends the rest.
pub(super) async fn begin_to_post_job(
    address: SocketAddr,
    job: &'static str,
) -> anyhow::Result<impl Future<Output = anyhow::Result<String>> + use<>> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!("{}expect: 100-continue\r\nhost: {address}\r\nconnection: close\r\n\r\n", post(job));
    stream.write_all(head.as_bytes()).await?;
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut go_on).await?;
    ensure!(go_on.starts_with(b"HTTP/1.1 100"), "the server does not go on: {}", String::from_utf8_lossy(&go_on));
    Ok(async move {
        stream.write_all(job.as_bytes()).await?;
        answer(stream).await
    })
}

fn post(job: &str) -> String {
    format!("POST /jobs HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", job.len())
}

/// The body of the answer.
async fn answer(mut stream: TcpStream) -> anyhow::Result<String> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer was cut off")?;
    ensure!(head.starts_with("HTTP/1.1 2"), "{answer}");
    Ok(body.to_owned())
}
