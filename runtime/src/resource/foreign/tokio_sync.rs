//! What tells others to stop: `CancellationToken` and the channels. There is nothing to wait for.

use std::future::ready;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Outcome, Progress, Teardown, Wait};

macro_rules! request_only {
    ($(#[$doc:meta])* [$($generics:tt)*] $type:ty, |$value:ident| $request:expr, detach: |$detached:ident| $detach:expr) => {
        $(#[$doc])*
        impl<$($generics)*> Teardown for $type {
            fn request(&mut self, _progress: &mut Progress) {
                let $value = self;
                $request;
            }

            fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
                Box::pin(ready(Outcome::Stopped))
            }

            fn force(&mut self, _progress: &mut Progress) {}

            fn is_idle(&self) -> bool {
                true
            }

            fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
                let $detached = self;
                $detach
            }
        }
    };
}

request_only!(
    /// Cancelled when asked.
    [] &CancellationToken, |token| token.cancel(), detach: |token| Some(Box::new(token.clone()))
);
teardown_by_ref!([] CancellationToken);

request_only!(
    /// `true` is sent when asked, also while nobody listens.
    [] &watch::Sender<bool>, |sender| sender.send_replace(true), detach: |sender| Some(Box::new(sender.clone()))
);
teardown_by_ref!([] watch::Sender<bool>);

request_only!(
    /// Sent when asked.
    [] Option<oneshot::Sender<()>>, |sender| sender.take().map(|sender| sender.send(())),
    detach: |sender| Some(Box::new(sender.take()))
);

request_only!(
    /// Dropped when asked: the receiver sees the end once every other sender is gone too.
    [T: Send + 'static] Option<mpsc::Sender<T>>, |sender| *sender = None, detach: |sender| Some(Box::new(sender.take()))
);

request_only!(
    /// Dropped when asked: the receiver sees the end once every other sender is gone too.
    [T: Send + 'static] Option<mpsc::UnboundedSender<T>>, |sender| *sender = None,
    detach: |sender| Some(Box::new(sender.take()))
);

request_only!(
    /// Dropped when asked: the receivers see the end, after what they have not read yet, once every other sender is
    /// gone too.
    [T: Send + 'static] Option<broadcast::Sender<T>>, |sender| *sender = None,
    detach: |sender| Some(Box::new(sender.take()))
);
