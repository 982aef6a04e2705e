//! What runs at one moment.

use super::os::{self, Descriptor};
use super::survivors::Survivor;
use crate::host::census::{Process, Thread};
use crate::value::registry::{self, Identity, Row};

/// The name of the thread that waits for an async caller, which no check counts. It has at most 15 bytes.
pub(super) const HELPER: &str = "sundown-leaks";

/// What [`Ignored`] knows the number of handles by.
const HANDLES: &str = "handles";

/// Everything that a check compares, as of one moment; or what of it is new.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub(super) threads: Vec<Thread>,
    pub(super) processes: Vec<Process>,
    descriptors: Vec<Descriptor>,
    registered: Vec<(Identity, Row)>,
    tasks: Tasks,
    /// How many there are, or how many more; where they have no names.
    handles: Option<u32>,
}

impl Census {
    /// What runs now, without what is ignored and without the descriptors of the check itself, of which `own` are known by
    /// number.
    pub(super) fn take(ignored: &Ignored, own: &[i32], own_handles: u32) -> Self {
        let mut census = Census {
            threads: Thread::all(),
            processes: Process::all(),
            descriptors: Descriptor::all(),
            registered: registry::census(),
            tasks: Tasks::count(),
            handles: os::handles().filter(|_| !ignored.ignores_descriptor(HANDLES)),
        };
        census.handles = census.handles.map(|count| count.saturating_sub(own_handles));
        census.threads.retain(|thread| thread.name != HELPER && !ignored.ignores_thread(&thread.name));
        census.descriptors.retain(|found| !own.contains(&found.number) && !ignored.ignores_descriptor(&found.target));
        census
    }

    /// What is here and was not there before.
    pub(super) fn since(mut self, before: &Census) -> Self {
        self.threads.retain(|thread| !before.threads.iter().any(|other| other.is(thread)));
        self.processes.retain(|process| !before.processes.iter().any(|other| other.is(process)));
        self.descriptors.retain(|descriptor| !before.descriptors.iter().any(|other| other.is(descriptor)));
        self.registered.retain(|(identity, _)| !before.registered.iter().any(|(other, _)| other.is(identity)));
        self.tasks = before.tasks.since();
        self.handles = self.handles.zip(before.handles).map(|(now, before)| now.saturating_sub(before));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        let Census { threads, processes, descriptors, registered, tasks, handles } = self;
        threads.is_empty()
            && processes.is_empty()
            && descriptors.is_empty()
            && registered.is_empty()
            && tasks.number() == 0
            && handles.unwrap_or(0) == 0
    }

    /// Lets the runtime turn, as long as each turn ends a task of those that are new.
    pub(super) async fn let_tasks_end(&self) {
        #[cfg(feature = "tokio")]
        {
            let mut left = self.tasks.since().number();
            while left > 0 {
                tokio::task::yield_now().await;
                let still = self.tasks.since().number();
                if still >= left {
                    return;
                }
                left = still;
            }
        }
    }

    pub(super) fn into_survivors(self) -> Vec<Survivor> {
        let count = self.tasks.number();
        let tasks = (count > 0).then_some(Survivor::Tasks { count });
        let handles = self.handles.filter(|count| *count > 0).map(|count| Survivor::Handles { count });
        let registered = self.registered.into_iter().map(|(_, row)| Survivor::Registered(row));
        let threads = self.threads.into_iter().map(Survivor::from);
        let processes = self.processes.into_iter().map(Survivor::from);
        let descriptors = self.descriptors.into_iter().map(Survivor::from);
        registered.chain(tasks).chain(threads).chain(processes).chain(descriptors).chain(handles).collect()
    }
}

/// What a check does not count.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    threads: Vec<String>,
    descriptors: Vec<String>,
}

impl Ignored {
    /// The kernel keeps this much of a thread's name (`TASK_COMM_LEN` with its closing zero is 16).
    const NAME_MAX: usize = 15;

    pub(super) fn thread(&mut self, mut pattern: String) {
        while cfg!(target_os = "linux") && pattern.len() > Self::NAME_MAX && !pattern.contains('*') {
            pattern.pop();
        }
        self.threads.push(pattern);
    }

    pub(super) fn descriptor(&mut self, pattern: String) {
        self.descriptors.push(pattern);
    }

    fn ignores_thread(&self, name: &str) -> bool {
        self.threads.iter().any(|pattern| matches(pattern, name))
    }

    fn ignores_descriptor(&self, target: &str) -> bool {
        self.descriptors.iter().any(|pattern| matches(pattern, target))
    }
}

/// Whether `text` is `pattern`, where `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| matches(rest, &text[at..]))
        }),
    }
}

/// The tasks of the runtime around the caller.
#[derive(Debug, Default)]
struct Tasks {
    number: usize,
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Handle>,
}

impl Tasks {
    fn count() -> Self {
        #[cfg(feature = "tokio")]
        {
            let runtime = tokio::runtime::Handle::try_current().ok();
            let number = runtime.as_ref().map_or(0, |runtime| runtime.metrics().num_alive_tasks());
            Tasks { number, runtime }
        }
        #[cfg(not(feature = "tokio"))]
        Tasks::default()
    }

    fn number(&self) -> usize {
        self.number
    }

    /// How many there are more now, in the same runtime, from wherever it is asked.
    fn since(&self) -> Self {
        #[cfg(feature = "tokio")]
        {
            let now = self.runtime.as_ref().map_or(0, |runtime| runtime.metrics().num_alive_tasks());
            Tasks { number: now.saturating_sub(self.number), runtime: None }
        }
        #[cfg(not(feature = "tokio"))]
        Tasks::default()
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, is) in [
            ("worker", "worker", true),
            ("worker", "worker-1", false),
            ("worker-*", "worker-1", true),
            ("*-1", "worker-1", true),
            ("*-1", "worker-12", false),
            ("s*:[*]", "socket:[12]", true),
            ("*", "", true),
            ("ä*ö", "äüö", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), is, "`{pattern}` and `{text}`");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_long_pattern_is_cut_as_the_kernel_cuts_names() {
        let mut ignored = super::Ignored::default();
        ignored.thread("tokio-runtime-worker".to_owned());
        assert!(ignored.ignores_thread("tokio-runtime-w"));
    }
}
