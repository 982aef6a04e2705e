//! The connection that requests go by: many at a time, answered in their order.

use std::io;

use sundown_python::Tasks;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::subscription::channel;
use crate::resp::{self, Value};

/// How many requests are on their way at a time.
const ON_THE_WAY: usize = 256;

/// Sends requests. A cheap clone.
#[derive(Clone)]
pub(super) struct Requests {
    queue: mpsc::Sender<Request>,
}

struct Request {
    words: Value,
    answer: oneshot::Sender<Value>,
}

impl Requests {
    /// Connects, and has `tasks` serve the connection.
    pub(super) async fn connect(address: &str, tasks: &Tasks) -> io::Result<Self> {
        let (input, output) = TcpStream::connect(address).await?.into_split();
        let (queue, requests) = mpsc::channel(ON_THE_WAY);
        let (expect, expected) = mpsc::channel(ON_THE_WAY);
        tasks.spawn("requests", send(output, requests, expect, tasks.token())).map_err(|_| closed())?;
        tasks.spawn("answers", receive(input, expected)).map_err(|_| closed())?;
        Ok(Requests { queue })
    }

    pub(super) async fn get(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        match self.request(&[b"GET", key.as_bytes()]).await? {
            Value::Bulk(value) => Ok(value),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn put(&self, key: &str, value: &[u8]) -> io::Result<()> {
        self.request(&[b"SET", key.as_bytes(), value]).await?;
        self.request(&[b"PUBLISH", channel(key).as_bytes(), value]).await?;
        Ok(())
    }

    pub(super) async fn delete(&self, key: &str) -> io::Result<bool> {
        match self.request(&[b"DEL", key.as_bytes()]).await? {
            Value::Integer(count) => Ok(count > 0),
            other => Err(unexpected(&other)),
        }
    }

    async fn request(&self, words: &[&[u8]]) -> io::Result<Value> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Request { words: Value::command(words), answer }).await.map_err(|_| closed())?;
        match answered.await.map_err(|_| closed())? {
            Value::Error(text) => Err(io::Error::other(text)),
            value => Ok(value),
        }
    }
}

/// Sends until it is to stop. Its end of the connection is closed then, and the server's follows.
async fn send(
    mut output: OwnedWriteHalf,
    mut requests: mpsc::Receiver<Request>,
    expect: mpsc::Sender<oneshot::Sender<Value>>,
    stop: CancellationToken,
) -> io::Result<()> {
    while let Some(Some(Request { words, answer })) = stop.run_until_cancelled(requests.recv()).await {
        if expect.send(answer).await.is_err() {
            break; // the server has gone
        }
        output.write_all(&words.to_bytes()).await?;
    }
    Ok(())
}

/// Hands out the answers until none is expected any more.
async fn receive(input: OwnedReadHalf, mut expected: mpsc::Receiver<oneshot::Sender<Value>>) -> io::Result<()> {
    let mut input = BufReader::new(input);
    while let Some(answer) = expected.recv().await {
        let value = resp::read(&mut input).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let _ = answer.send(value); // anyone who asked may have gone
    }
    Ok(())
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the connection is closed")
}

fn unexpected(value: &Value) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server answered {value:?}"))
}
