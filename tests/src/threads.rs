//! The threads of this process.

/// Their names; on Linux the first 15 bytes.
#[cfg(target_os = "linux")]
#[must_use]
pub fn thread_names() -> Vec<String> {
    let look = || {
        let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
        tasks.filter_map(|task| Some(task.ok()?.path())).collect::<Vec<_>>()
    };
    // The kernel misses a thread if the one before it in the list ends meanwhile. Another look finds it.
    let mut found = look();
    loop {
        let missed: Vec<_> = look().into_iter().filter(|task| !found.contains(task)).collect();
        if missed.is_empty() {
            break;
        }
        found.extend(missed);
    }
    let name = |task: std::path::PathBuf| std::fs::read_to_string(task.join("comm")).ok();
    found.into_iter().filter_map(|task| Some(name(task)?.trim_end().to_owned())).collect()
}

/// Their names; none where the leak check has no list.
#[cfg(not(target_os = "linux"))]
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
