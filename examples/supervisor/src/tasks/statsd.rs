//! A task that waits for packets. Those that come after `stop` are nobody's.

use std::io;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::figures::Figures;

/// Takes metrics as statsd does, `name:1|c` for a counter and `name:0.5|g` for a gauge, until `stop`.
pub(crate) async fn receive(socket: UdpSocket, figures: Arc<Figures>, stop: CancellationToken) -> io::Result<()> {
    let mut packet = [0; 1500];
    while let Some(length) = stop.run_until_cancelled(socket.recv(&mut packet)).await {
        for line in String::from_utf8_lossy(&packet[..length?]).lines() {
            take(line, &figures);
        }
    }
    Ok(())
}

/// What is no metric is left out, as statsd does.
fn take(line: &str, figures: &Figures) -> Option<()> {
    let (name, rest) = line.split_once(':')?;
    let (value, kind) = rest.split_once('|')?;
    let value = value.parse().ok()?;
    match kind {
        "c" => figures.add(name, value),
        "g" => figures.set(name, value),
        _ => {}
    }
    Some(())
}
