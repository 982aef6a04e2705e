//! What wakes an event loop: a descriptor that it watches, or a socket that it receives from.

#[cfg(target_os = "linux")]
mod eventfd;
#[cfg(not(target_os = "linux"))]
mod pair;

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(target_os = "linux")]
use eventfd::Event;
#[cfg(not(target_os = "linux"))]
use pair::Event;

use crate::internal::sync::lock;
use crate::interpreter::sockets::{Number, Sender};

/// Readable from [`wake`](Self::wake) until [`clear`](Self::clear). Neither blocks.
///
/// Who cannot watch it names a socket instead ([`send_by`](Self::send_by)): then each wake-up is a byte that comes there, once.
#[derive(Debug)]
pub(crate) struct Wakeup {
    event: Event,
    is_received: AtomicBool,
    sender: Mutex<Option<Sender>>,
}

impl Wakeup {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Wakeup { event: Event::new()?, is_received: AtomicBool::new(false), sender: Mutex::new(None) })
    }

    pub(crate) fn descriptor(&self) -> Number {
        self.event.descriptor()
    }

    pub(crate) fn wake(&self) {
        if !self.is_received() {
            self.event.wake();
        } else if let Some(sender) = &*lock(&self.sender) {
            sender.send(1);
        }
    }

    /// To be called when there is nothing left to take. What was received is gone already.
    pub(crate) fn clear(&self) {
        if !self.is_received() {
            self.event.clear();
        }
    }

    /// From now on the other end of this socket, of which nothing else is sent, gets the wake-ups, and one at once: what was
    /// pushed before may have woken nobody. A second call takes the place of the first.
    ///
    /// # Errors
    ///
    /// As [`Sender::duplicate`].
    pub(crate) fn send_by(&self, socket: Number) -> io::Result<()> {
        let sender = Sender::duplicate(socket)?;
        let before = lock(&self.sender).replace(sender);
        drop(before);
        self.is_received.store(true, Ordering::SeqCst);
        self.wake();
        Ok(())
    }

    /// Whether each wake-up comes once, and not until it is cleared.
    pub(crate) fn is_received(&self) -> bool {
        self.is_received.load(Ordering::SeqCst)
    }
}
