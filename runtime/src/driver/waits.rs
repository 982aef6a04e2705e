//! What a running teardown waits for, where somebody listens.
//!
//! A step is noted at its first poll that is pending, so one that ends at once costs nothing.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::Name;
use crate::sync::lock;

/// The number of steps that are named; the others are counted.
const NAMED: usize = 10;

/// Says who is waited for: the tasks of a group, with their places.
pub(crate) type Who = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// The steps that are pending, in the order in which they began to be.
#[derive(Default)]
pub(crate) struct Waits(Mutex<State>);

#[derive(Default)]
struct State {
    last_id: u64,
    pending: BTreeMap<u64, Pending>,
    limit: Option<Instant>,
}

/// A step that is waited for.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) name: Name,
    /// Since when, in the time of the driver.
    #[cfg_attr(not(feature = "progress"), allow(dead_code, reason = "for who draws it"))]
    pub(crate) since: Instant,
    pub(crate) who: Option<Who>,
}

impl Pending {
    pub(crate) fn who(&self) -> Option<String> {
        self.who.as_ref().and_then(|who| who())
    }
}

impl Waits {
    /// By when the whole is to have ended.
    pub(crate) fn limit(&self) -> Option<Instant> {
        lock(&self.0).limit
    }

    pub(crate) fn set_limit(&self, limit: Instant) {
        lock(&self.0).limit = Some(limit);
    }

    /// A wait for `name`, which is pending until the result is dropped.
    pub(super) fn begin(self: &Arc<Self>, name: &Name, who: Option<Who>, now: Instant) -> Waiting {
        let mut state = lock(&self.0);
        state.last_id += 1;
        let id = state.last_id;
        state.pending.insert(id, Pending { name: name.clone(), since: now, who });
        Waiting { waits: Arc::clone(self), id }
    }

    /// All of them, also the values and collections that others are in.
    pub(crate) fn pending(&self) -> Vec<Pending> {
        lock(&self.0).pending.values().cloned().collect()
    }

    /// "`Service.jobs`: `import` (src/jobs.rs:12:9), task 17; `Service.db`; and 3 more", none if nothing is pending. Steps
    /// are named in the place of the values that they are in.
    pub(crate) fn names(&self) -> Option<String> {
        let pending = self.pending();
        let mut around = HashSet::new();
        let mut with_who = HashSet::new();
        for Pending { name, who, .. } in &pending {
            let name = name.without_place();
            around.extend(name.match_indices(['.', '[']).map(|(at, _)| &name[..at]));
            if who.is_some() {
                with_who.insert(name);
            }
        }
        let is_part = |Pending { name, who, .. }: &&Pending| {
            !around.contains(name.without_place()) && (who.is_some() || !with_who.contains(name.without_place()))
        };
        let parts: Vec<_> = pending.iter().filter(is_part).collect();
        let mut text = String::new();
        for step in parts.iter().take(NAMED) {
            let separator = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{separator}`{}`", step.name);
            if let Some(who) = step.who() {
                let _ = write!(text, ": {who}");
            }
        }
        if parts.len() > NAMED {
            let _ = write!(text, "; and {} more", parts.len() - NAMED);
        }
        (!text.is_empty()).then_some(text)
    }
}

impl std::fmt::Debug for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Waits").field(&lock(&self.0).pending.len()).finish()
    }
}

/// See [`Waits::begin`].
#[must_use = "it counts until it is dropped"]
pub(crate) struct Waiting {
    waits: Arc<Waits>,
    id: u64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // What says who it is holds a handle of the resource, and is not dropped under the lock.
        let ended = lock(&self.waits.0).pending.remove(&self.id);
        drop(ended);
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use super::*;
    use crate::sync::leaked::leaked;

    fn waits(names: &[&'static str]) -> Option<String> {
        let waits = Arc::new(Waits::default());
        let _pending: Vec<_> = names.iter().map(|name| waits.begin(&Name::from(*name), None, Instant::now())).collect();
        waits.names()
    }

    #[test]
    fn the_innermost_are_named() {
        assert_eq!(waits(&[]), None);
        let names = ["S.replicas", "S.replicas[0]", "S.replicas[0].jobs", "S.db", "S.d"];
        assert_eq!(waits(&names).unwrap(), "`S.replicas[0].jobs`; `S.db`; `S.d`");
        let names = ["S (src/main.rs:3:9)", "S.jobs", "T (src/main.rs:4:9)"];
        assert_eq!(waits(&names).unwrap(), "`S.jobs`; `T (src/main.rs:4:9)`");
    }

    #[test]
    fn many_are_counted() {
        let names: Vec<&'static str> = (0..12).map(|i| leaked(format!("S.{i}")).as_str()).collect();
        let text = waits(&names).unwrap();
        assert!(text.starts_with("`S.0`; `S.1`; ") && text.ends_with("`S.9`; and 2 more"), "{text}");
    }

    #[test]
    fn a_step_that_says_who_is_named_once() {
        let waits = Arc::new(Waits::default());
        let jobs = Name::from("S.jobs");
        let _step = waits.begin(&jobs, None, Instant::now());
        let who = waits.begin(&jobs, Some(Arc::new(|| Some("`import`".to_owned()))), Instant::now());
        assert_eq!(waits.names().unwrap(), "`S.jobs`: `import`");
        drop(who);
        assert_eq!(waits.names().unwrap(), "`S.jobs`");
    }
}
