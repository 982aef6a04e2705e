//! What the parts have counted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by those that count and those that show it.
#[derive(Default)]
pub(crate) struct Figures {
    metrics: Mutex<BTreeMap<String, f64>>,
}

impl Figures {
    pub(crate) fn add(&self, name: &str, count: f64) {
        *self.lock().entry(name.to_owned()).or_default() += count;
    }

    pub(crate) fn set(&self, name: &str, value: f64) {
        self.lock().insert(name.to_owned(), value);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, f64>> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `files 2, load 0.25, words 120`
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics: Vec<String> = self.lock().iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        f.write_str(&metrics.join(", "))
    }
}
