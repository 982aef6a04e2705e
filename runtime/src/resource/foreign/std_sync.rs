//! std's channels: dropping a sender requests a plain thread to stop. There is nothing to wait for.

use std::future::ready;
use std::sync::mpsc::{Sender, SyncSender};

use crate::teardown::{Outcome, Progress, Teardown, Wait};

macro_rules! dropped_when_asked {
    ($sender:ident) => {
        /// Dropped when asked: the receiver sees the end once every other sender is gone too.
        impl<T: Send + 'static> Teardown for Option<$sender<T>> {
            fn request(&mut self, _progress: &mut Progress) {
                *self = None;
            }

            fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
                Box::pin(ready(Outcome::Stopped))
            }

            fn force(&mut self, _progress: &mut Progress) {}

            fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
                Some(Box::new(self.take()))
            }
        }
    };
}

dropped_when_asked!(Sender);
dropped_when_asked!(SyncSender);
