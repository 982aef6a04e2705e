//! A connection that hears of one key's changes.

use std::io;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::resp::{self, Value};

/// Where a key's new values are published. Redis tells of changes too, if it is configured to; this needs nothing.
pub(super) fn channel(key: &str) -> String {
    format!("sundown-demo:{key}")
}

pub(super) struct Subscription {
    stream: BufReader<TcpStream>,
}

impl Subscription {
    /// Ready once the server has confirmed it.
    pub(super) async fn open(address: String, key: String) -> io::Result<Self> {
        let mut stream = BufReader::new(TcpStream::connect(address).await?);
        let subscribe = Value::command(&[b"SUBSCRIBE", channel(&key).as_bytes()]);
        stream.write_all(&subscribe.to_bytes()).await?;
        let mut subscription = Subscription { stream };
        subscription.words().await?;
        Ok(subscription)
    }

    /// The next value.
    pub(super) async fn next(&mut self) -> io::Result<Vec<u8>> {
        let words = self.words().await?;
        words.into_iter().nth(2).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    async fn words(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let gone = || io::Error::new(io::ErrorKind::ConnectionAborted, "the server has gone");
        match resp::read(&mut self.stream).await?.ok_or_else(gone)? {
            Value::Error(text) => Err(io::Error::other(text)),
            value => value.into_words().ok_or_else(|| io::ErrorKind::InvalidData.into()),
        }
    }
}
