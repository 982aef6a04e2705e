//! The threads of this process.

/// Their names; on Linux the first 15 bytes. What ends meanwhile may make one of them be missed.
#[cfg(not(windows))]
#[must_use]
pub fn thread_names() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    tasks.filter_map(|task| Some(name(task.ok()?)?.trim_end().to_owned())).collect()
}

/// Their names.
#[cfg(windows)]
#[must_use]
pub fn thread_names() -> Vec<String> {
    use sundown::testing::{LeakCheck, Survivor};

    // The check's own list, of what is new since the first look: what a test asks for is started by the test.
    static FIRST: std::sync::Mutex<Option<LeakCheck>> = std::sync::Mutex::new(None);
    let mut first = FIRST.lock().unwrap();
    let found = first.get_or_insert_with(LeakCheck::new).survivors(std::time::Duration::ZERO);
    let names = found.iter().filter_map(|survivor| match survivor {
        Survivor::Thread { name, .. } => Some(name.clone()),
        _ => None,
    });
    names.collect()
}
