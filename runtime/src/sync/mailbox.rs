//! A queue with one reader, who is woken at most once per batch.
//!
//! The wake-up goes through something of the OS (a descriptor that an event loop watches), so it is worth saving: while the
//! reader is *armed*, it has been woken and has not yet seen the queue empty, and a push wakes nobody.
//!
//! Invariants, which the loom models below check:
//! 1. Whatever is in the queue, the reader is armed, or the one who pushed is about to wake it: nothing is left lying.
//! 2. A reader that empties the queue clears the wake-up before it disarms, both under the lock. So a wake-up that
//!    belongs to a later push is never cleared; one too many finds an empty queue.
//! 3. After `close` nothing gets in, and what was in is handed to the closer: each item has exactly one owner.
//! 4. Nothing of a user's runs under the lock; `clear` is a call of the OS that does not block.

use std::collections::VecDeque;

use crate::sync::modelled::{Mutex, lock};

/// Items for one reader.
#[derive(Debug)]
pub struct Mailbox<T> {
    inbox: Mutex<Inbox<T>>,
}

#[derive(Debug)]
struct Inbox<T> {
    items: VecDeque<T>,
    armed: bool,
    closed: bool,
}

impl<T> Mailbox<T> {
    /// Empty, and open.
    #[allow(clippy::new_without_default, reason = "internal")]
    pub fn new() -> Self {
        Mailbox { inbox: Mutex::new(Inbox { items: VecDeque::new(), armed: false, closed: false }) }
    }

    /// Puts an item in, and calls `wake` if the reader has to be woken for it. Gives the item back if the mailbox is closed.
    pub fn push(&self, item: T, wake: impl FnOnce()) -> Result<(), T> {
        {
            let mut inbox = lock(&self.inbox);
            if inbox.closed {
                return Err(item);
            }
            inbox.items.push_back(item);
            if std::mem::replace(&mut inbox.armed, true) {
                return Ok(());
            }
        }
        wake();
        Ok(())
    }

    /// Moves up to `limit` items into `batch`. If that is all there is, `clear` takes the wake-up back and the next push
    /// wakes again; if not, the reader stays armed and woken, and has to come back.
    pub fn take(&self, limit: usize, batch: &mut Vec<T>, clear: impl FnOnce()) {
        let mut inbox = lock(&self.inbox);
        let count = limit.min(inbox.items.len());
        batch.extend(inbox.items.drain(..count));
        if inbox.items.is_empty() {
            // A long burst leaves no lasting memory behind.
            if inbox.items.capacity() > 4 * limit {
                inbox.items = VecDeque::new();
            }
            clear();
            inbox.armed = false;
        }
    }

    /// Lets nothing in any more, and returns what nobody will take.
    pub fn close(&self) -> VecDeque<T> {
        let mut inbox = lock(&self.inbox);
        inbox.closed = true;
        std::mem::take(&mut inbox.items)
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use super::*;

    fn take(mailbox: &Mailbox<u32>, limit: usize) -> (Vec<u32>, bool) {
        let (mut batch, mut cleared) = (Vec::new(), false);
        mailbox.take(limit, &mut batch, || cleared = true);
        (batch, cleared)
    }

    #[test]
    fn one_wake_per_batch() {
        let mailbox = Mailbox::new();
        let mut wakes = 0;
        for item in 0..5 {
            mailbox.push(item, || wakes += 1).unwrap();
        }
        assert_eq!(wakes, 1);
        assert_eq!(take(&mailbox, 3), (vec![0, 1, 2], false), "not emptied: still woken");
        mailbox.push(5, || wakes += 1).unwrap();
        assert_eq!(take(&mailbox, 3), (vec![3, 4, 5], true));
        mailbox.push(6, || wakes += 1).unwrap();
        assert_eq!(wakes, 2);
    }

    #[test]
    fn what_was_not_taken_goes_to_the_closer() {
        let mailbox = Mailbox::new();
        mailbox.push(1, || ()).unwrap();
        assert_eq!(mailbox.close(), [1]);
        assert_eq!(mailbox.push(2, || panic!("nobody is there to be woken")), Err(2));
        assert!(mailbox.close().is_empty());
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::{Condvar, Mutex as LoomMutex};
    use loom::thread;

    /// Stands for the descriptor: readable from `wake` until `clear`.
    #[derive(Default)]
    struct Descriptor {
        readable: LoomMutex<bool>,
        event: Condvar,
    }

    impl Descriptor {
        fn wake(&self) {
            *self.readable.lock().unwrap() = true;
            self.event.notify_all();
        }

        fn clear(&self) {
            *self.readable.lock().unwrap() = false;
        }

        /// What the event loop does. A wake-up that got lost makes loom report a deadlock here.
        fn wait(&self) {
            let mut readable = self.readable.lock().unwrap();
            while !*readable {
                readable = self.event.wait(readable).unwrap();
            }
        }
    }

    fn model(f: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(f);
    }

    #[test]
    fn no_item_is_left_lying() {
        model(|| {
            let mailbox = Arc::new((Mailbox::new(), Descriptor::default()));
            let push = |item| {
                let mailbox = Arc::clone(&mailbox);
                thread::spawn(move || mailbox.0.push(item, || mailbox.1.wake()).unwrap())
            };
            let pushers = [push(1), push(2)];
            let mut batch = Vec::new();
            while batch.len() < 2 {
                mailbox.1.wait();
                mailbox.0.take(1, &mut batch, || mailbox.1.clear());
            }
            batch.sort_unstable();
            assert_eq!(batch, [1, 2]);
            pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
        });
    }

    #[test]
    fn each_item_has_one_owner_when_the_mailbox_closes() {
        model(|| {
            let mailbox = Arc::new(Mailbox::new());
            let pusher = {
                let mailbox = Arc::clone(&mailbox);
                thread::spawn(move || (0..2).filter_map(|item| mailbox.push(item, || ()).err()).count())
            };
            let mut batch = Vec::new();
            mailbox.take(1, &mut batch, || ());
            let left = mailbox.close().len();
            assert_eq!(batch.len() + left + pusher.join().unwrap(), 2);
        });
    }
}
