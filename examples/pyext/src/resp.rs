//! The protocol of Redis and Valkey (RESP 2), as much of it as a key-value client needs.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// Longest text, and most items of an array, that a peer is believed to send.
const LIMIT: usize = 64 << 20;

/// What is sent, in either direction.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Option<Vec<u8>>),
    Array(Vec<Value>),
}

impl Value {
    /// A command, as clients send them.
    pub(crate) fn command(words: &[&[u8]]) -> Self {
        Value::Array(words.iter().map(|word| Value::Bulk(Some(word.to_vec()))).collect())
    }

    pub(crate) fn ok() -> Self {
        Value::Simple("OK".to_owned())
    }

    /// The words of a command or of a message, if it is one.
    pub(crate) fn into_words(self) -> Option<Vec<Vec<u8>>> {
        let Value::Array(items) = self else { return None };
        let word = |item| match item {
            Value::Bulk(Some(text)) => Some(text),
            Value::Integer(number) => Some(number.to_string().into_bytes()),
            _ => None,
        };
        items.into_iter().map(word).collect()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Simple(text) => out.extend(format!("+{text}\r\n").into_bytes()),
            Value::Error(text) => out.extend(format!("-{text}\r\n").into_bytes()),
            Value::Integer(number) => out.extend(format!(":{number}\r\n").into_bytes()),
            Value::Bulk(None) => out.extend(b"$-1\r\n"),
            Value::Bulk(Some(text)) => {
                out.extend(format!("${}\r\n", text.len()).into_bytes());
                out.extend(text);
                out.extend(b"\r\n");
            }
            Value::Array(items) => {
                out.extend(format!("*{}\r\n", items.len()).into_bytes());
                items.iter().for_each(|item| item.write(out));
            }
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }
}

/// The next value; none at the end of the input. An array has no arrays in it. Dropped half-way it loses what it has read:
/// for those who end their connection then.
pub(crate) async fn read(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Value>> {
    let Some(line) = line(input).await? else { return Ok(None) };
    let Some(length) = line.strip_prefix('*') else { return scalar(&line, input).await.map(Some) };
    let mut items = Vec::new();
    for _ in 0..length_of(length)?.unwrap_or(0) {
        let line = self::line(input).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        items.push(scalar(&line, input).await?);
    }
    Ok(Some(Value::Array(items)))
}

async fn scalar(line: &str, input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Value> {
    let unexpected = || invalid(&format!("`{}` begins no value", line.escape_debug()));
    let (kind, rest) = line.split_at_checked(1).ok_or_else(unexpected)?;
    match kind {
        "+" => Ok(Value::Simple(rest.to_owned())),
        "-" => Ok(Value::Error(rest.to_owned())),
        ":" => rest.parse().map(Value::Integer).map_err(|_| unexpected()),
        "$" => {
            let Some(length) = length_of(rest)? else { return Ok(Value::Bulk(None)) };
            let mut text = Vec::new();
            input.take(length as u64 + 2).read_to_end(&mut text).await?;
            if text.len() < length + 2 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            text.truncate(length);
            Ok(Value::Bulk(Some(text)))
        }
        _ => Err(unexpected()),
    }
}

/// None for -1, which is how this protocol says nothing.
fn length_of(text: &str) -> io::Result<Option<usize>> {
    match text.parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(length) => match usize::try_from(length) {
            Ok(length) if length <= LIMIT => Ok(Some(length)),
            _ => Err(invalid(&format!("{length} is no length"))),
        },
        Err(_) => Err(invalid(&format!("`{}` is no length", text.escape_debug()))),
    }
}

async fn line(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    input.take(LIMIT as u64).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    let line = line.strip_suffix(b"\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Some(String::from_utf8_lossy(line).into_owned()))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
