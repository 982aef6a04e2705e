//! Where there is no eventfd.

use std::io;

use crate::interpreter::sockets::{Number, Sockets};

#[derive(Debug)]
pub(super) struct Event(Sockets);

impl Event {
    pub(super) fn new() -> io::Result<Self> {
        Sockets::new().map(Event)
    }

    pub(super) fn descriptor(&self) -> Number {
        self.0.reader()
    }

    pub(super) fn wake(&self) {
        self.0.sender().send(1);
    }

    pub(super) fn clear(&self) {
        self.0.take();
    }
}
