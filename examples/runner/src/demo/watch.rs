//! `runner demo --watch`: what is alive, while the scenes run.

use std::io::{self, Write as _, stdout};
use std::thread;
use std::time::{Duration, Instant};

use sundown::registry;

/// Between two looks.
const EACH: Duration = Duration::from_millis(100);

/// Prints what is alive whenever it has changed, until the process ends: from a thread that is there before a scene begins,
/// so that it is none of what one leaves behind.
pub(super) fn begin() -> io::Result<()> {
    let begun = Instant::now();
    let watch = move || {
        let mut before = Vec::new();
        loop {
            let snapshot = registry::snapshot();
            let alive: Vec<_> = snapshot.rows().iter().map(|row| (row.name.clone(), row.phase, row.tasks)).collect();
            if alive != before {
                let table = snapshot.to_string().replace('\n', "\n   ");
                // A closed output is no reason to panic.
                let _ = writeln!(stdout(), "\n   alive after {:.1?}\n   {table}", begun.elapsed());
                before = alive;
            }
            thread::sleep(EACH);
        }
    };
    thread::Builder::new().name("watch".to_owned()).spawn(watch).map(drop)
}
