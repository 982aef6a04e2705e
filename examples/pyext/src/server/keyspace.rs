//! What the server keeps: values by key, subscribers by channel.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::resp::Value;

/// Where what is meant for one client goes.
pub(super) type Outbox = mpsc::Sender<Vec<u8>>;

#[derive(Default)]
pub(super) struct Keyspace {
    values: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
    subscribers: Mutex<HashMap<Vec<u8>, Vec<Outbox>>>,
}

impl Keyspace {
    pub(super) fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        lock(&self.values).get(key).cloned()
    }

    pub(super) fn set(&self, key: &[u8], value: &[u8]) {
        lock(&self.values).insert(key.to_vec(), value.to_vec());
    }

    pub(super) fn delete(&self, key: &[u8]) -> bool {
        lock(&self.values).remove(key).is_some()
    }

    /// Sends the confirmation itself, so that it comes before the first message.
    pub(super) fn subscribe(&self, channel: &[u8], outbox: &Outbox) {
        let bulk = |text: &[u8]| Value::Bulk(Some(text.to_vec()));
        let confirmation = Value::Array(vec![bulk(b"subscribe"), bulk(channel), Value::Integer(1)]);
        let mut subscribers = lock(&self.subscribers);
        if outbox.try_send(confirmation.to_bytes()).is_ok() {
            subscribers.entry(channel.to_vec()).or_default().push(outbox.clone());
        }
    }

    /// Sends to all who have subscribed, and tells how many that were. Who does not keep up loses its subscription.
    pub(super) fn publish(&self, channel: &[u8], text: &[u8]) -> usize {
        let mut subscribers = lock(&self.subscribers);
        let Some(of_channel) = subscribers.get_mut(channel) else { return 0 };
        let message = Value::command(&[b"message", channel, text]).to_bytes();
        of_channel.retain(|outbox| outbox.try_send(message.clone()).is_ok());
        let told = of_channel.len();
        if told == 0 {
            subscribers.remove(channel);
        }
        told
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
