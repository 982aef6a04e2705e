//! The task that accepts connections.

use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::listener::{self, Listener};
use crate::observe;

/// The pause after an error, which is doubled with each until one has connected: out of descriptors, most likely, and to
/// accept again at once would spin.
const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(1);

/// Starts a connection with each that is accepted, until `stop` is cancelled and the listener is closed.
///
/// # Errors
///
/// If the listener has failed.
pub(super) async fn run<L: Listener>(
    mut listener: L,
    stop: CancellationToken,
    start: impl Fn(L::Io, L::Peer),
) -> io::Result<()> {
    let mut pause = SHORTEST;
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((io, peer)) => {
                pause = SHORTEST;
                start(io, peer);
            }
            Err(error) if listener::is_of_one_connection(&error) => {}
            Err(error) if listener::listens_no_more(&error) => return Err(error),
            Err(error) => {
                observe::accept_failed(&listener.name(), &error, pause);
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                pause = LONGEST.min(pause * 2);
            }
        }
    }
    // They have connected before: no client can tell that from being served.
    listener.close().into_iter().for_each(|(io, peer)| start(io, peer));
    Ok(())
}
