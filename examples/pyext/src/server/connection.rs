//! One client of the server.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::keyspace::{Keyspace, Outbox};
use crate::resp::{self, Value};

/// Answers until the client or the server goes.
pub(super) async fn serve(stream: TcpStream, keyspace: Arc<Keyspace>, stop: CancellationToken) {
    let (input, output) = stream.into_split();
    let (outbox, messages) = mpsc::channel(1024);
    tokio::select! {
        // What breaks a connection is the client's affair, who sees it end.
        _ = answer(input, &keyspace, outbox) => {}
        _ = write(output, messages) => {}
        () = stop.cancelled() => {}
    }
}

async fn write(mut output: OwnedWriteHalf, mut messages: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    while let Some(message) = messages.recv().await {
        output.write_all(&message).await?;
    }
    Ok(())
}

async fn answer(input: OwnedReadHalf, keyspace: &Keyspace, outbox: Outbox) -> io::Result<()> {
    let mut input = BufReader::new(input);
    while let Some(request) = resp::read(&mut input).await? {
        let words = request.into_words().ok_or(io::ErrorKind::InvalidData)?;
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        if let [name, channel] = words[..]
            && name.eq_ignore_ascii_case(b"SUBSCRIBE")
        {
            keyspace.subscribe(channel, &outbox);
        } else if outbox.send(command(&words, keyspace).to_bytes()).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn command(words: &[&[u8]], keyspace: &Keyspace) -> Value {
    let name = words.first().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
    match (name.as_slice(), words.get(1..).unwrap_or_default()) {
        (b"PING", []) => Value::Simple("PONG".to_owned()),
        (b"GET", [key]) => Value::Bulk(keyspace.get(key)),
        (b"SET", [key, value]) => {
            keyspace.set(key, value);
            Value::ok()
        }
        (b"DEL", [key]) => Value::Integer(keyspace.delete(key).into()),
        (b"PUBLISH", [channel, text]) => Value::Integer(keyspace.publish(channel, text).try_into().unwrap_or(i64::MAX)),
        _ => Value::Error(format!("ERR unknown command `{}`", String::from_utf8_lossy(&name).escape_debug())),
    }
}
