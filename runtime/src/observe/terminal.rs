//! A running shutdown on a terminal: a tree of what it waits for, from half a second on.
//!
//! A thread of its own draws it, ten times a second. So a terminal that takes nothing (Ctrl-S) does not make the shutdown
//! late, and a poll that does not return does not stop the clock in the picture.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::driver::{FOREVER, Name, Pending, Waits};
use crate::sync::lock;
use crate::teardown::report::Millis;

/// A shutdown that ends before is not drawn.
const FIRST: Duration = Duration::from_millis(500);
/// Between two pictures.
const EACH: Duration = Duration::from_millis(100);
/// How long the end of a shutdown waits for the tree to be cleared.
const CLEARED: Duration = Duration::from_millis(200);
/// Of steps; the others are counted.
const LINES: usize = 16;

/// The tree that is drawn now: one at most.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A shutdown that is drawn until this is dropped.
#[must_use = "it is drawn until it is dropped"]
pub(super) struct Live {
    runs: Option<Sender<Infallible>>,
    is_cleared: Receiver<Infallible>,
    thread: Option<JoinHandle<()>>,
}

impl Live {
    /// None where there is no terminal, or nobody wants what moves on it.
    pub(super) fn begin(value: &str, waits: &Arc<Waits>) -> Option<Self> {
        let is_set = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        if !std::io::stderr().is_terminal() || is_dumb || is_set("NO_COLOR") || is_set("CI") {
            return None;
        }
        let (runs, ends) = mpsc::channel();
        let (clears, is_cleared) = mpsc::channel();
        let (value, waits) = (value.to_owned(), Arc::clone(waits));
        let thread = thread::Builder::new().name("sundown-progress".to_owned());
        let draws = thread.spawn(move || {
            draw(&value, &waits, &ends);
            drop::<Sender<Infallible>>(clears);
        });
        draws.ok().map(|thread| Live { runs: Some(runs), is_cleared, thread: Some(thread) })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.runs.take());
        // It is about to end then, and an audit finds it no more.
        if self.is_cleared.recv_timeout(CLEARED) == Err(RecvTimeoutError::Disconnected)
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

/// Runs `print` with nothing drawn below it.
pub(super) fn above(print: impl FnOnce()) {
    let drawn = lock(&DRAWN).clone();
    match drawn {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// Clears what is drawn, for good: the process ends.
pub(super) fn clear() {
    let drawn = lock(&DRAWN).take();
    drawn.into_iter().for_each(|bar| bar.finish_and_clear());
}

fn draw(value: &str, waits: &Waits, ends: &Receiver<Infallible>) {
    let begun = Instant::now();
    let goes_on = |wait| ends.recv_timeout(wait) == Err(RecvTimeoutError::Timeout);
    if !goes_on(FIRST) {
        return;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{msg}").expect("it is a template"));
    match &mut *lock(&DRAWN) {
        Some(_) => return,
        drawn => *drawn = Some(bar.clone()),
    }
    loop {
        let left = waits.limit().map(|limit| limit.saturating_duration_since(Instant::now()));
        bar.set_message(picture(value, begun.elapsed(), left, waits.pending()));
        if !goes_on(EACH) {
            break;
        }
    }
    bar.finish_and_clear();
    *lock(&DRAWN) = None;
}

/// A line for the value, and one for each step.
fn picture(value: &str, elapsed: Duration, left: Option<Duration>, pending: Vec<Pending>) -> String {
    let mut text = format!("{} is shutting down: {}", clean(value), Millis(elapsed));
    if let Some(left) = left.filter(|left| *left < FOREVER / 2) {
        let _ = write!(text, ", {} left", Millis(left));
    }
    let mut rows = rows(value, pending);
    let more = rows.len().saturating_sub(LINES);
    rows.truncate(LINES);
    let width = rows.iter().map(|row| 3 * row.depth + row.label.chars().count()).max().unwrap_or(0);
    let now = Instant::now();
    for (at, row) in rows.iter().enumerate() {
        text.push('\n');
        for depth in 0..row.depth {
            text.push_str(if has_more(&rows[at..], depth) { "|  " } else { "   " });
        }
        let is_last = !has_more(&rows[at + 1..], row.depth) && (row.depth > 0 || more == 0);
        let room = width - 3 * row.depth;
        let time = Millis(now.saturating_duration_since(row.since));
        let _ = write!(text, "{}{:room$}  {time:>8}", if is_last { "`- " } else { "|- " }, row.label);
        if let Some(who) = &row.who {
            let _ = write!(text, "  {}", clean(who));
        }
    }
    if more > 0 {
        let _ = write!(text, "\n`- and {more} more");
    }
    text
}

/// Whether a row at this depth comes before one that is further out.
fn has_more(rows: &[Row], depth: usize) -> bool {
    rows.iter().take_while(|row| row.depth >= depth).any(|row| row.depth == depth)
}

struct Row {
    depth: usize,
    label: String,
    since: Instant,
    who: Option<String>,
}

/// In the order of their paths, parts below what they are of.
fn rows(value: &str, mut pending: Vec<Pending>) -> Vec<Row> {
    pending.sort_by(|one, other| segments(&one.name).cmp(segments(&other.name)));
    let mut rows: Vec<Row> = Vec::new();
    let mut around: Vec<&str> = Vec::new();
    for (at, step) in pending.iter().enumerate() {
        if at > 0 && pending[at - 1].name == step.name {
            let row = rows.last_mut().expect("that of the one before");
            row.since = row.since.min(step.since);
            row.who = row.who.take().or_else(|| step.who());
            continue;
        }
        while around.last().is_some_and(|around| Name::below(&step.name, around).is_none()) {
            around.pop();
        }
        let label = Name::below(&step.name, around.last().unwrap_or(&value)).unwrap_or(&step.name);
        // Those beyond the last line are counted, and not asked.
        let who = if rows.len() < LINES { step.who() } else { None };
        rows.push(Row { depth: around.len(), label: clean(label), since: step.since, who });
        around.push(&step.name);
    }
    rows
}

/// `Service`, `.replicas`, `[0]`, `.jobs`
fn segments(name: &str) -> impl Iterator<Item = &str> {
    let mut left = name;
    std::iter::from_fn(move || {
        let first = left.chars().next()?.len_utf8();
        let end = left[first..].find(['.', '[']).map_or(left.len(), |at| first + at);
        let (segment, rest) = left.split_at(end);
        left = rest;
        Some(segment)
    })
}

/// Without what would move the cursor.
fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use super::*;
    use crate::sync::leaked::leaked;

    /// The picture of steps that are pending, without their times.
    fn lines(names: &[&'static str]) -> Vec<String> {
        let since = Instant::now();
        let pending = names.iter().map(|name| Pending { name: (*name).into(), since, who: None }).collect();
        let text = picture("S", Duration::from_millis(600), Some(Duration::from_secs(3)), pending);
        text.lines()
            .map(|line| line.rsplit_once("   ").map_or(line, |(line, _time)| line.trim_end()).to_owned())
            .collect()
    }

    #[test]
    fn parts_are_below_what_they_are_of() {
        let names =
            ["S.replicas[0].jobs", "S.db", "S.replicas", "S.replicasA", "S.replicas[0]", "S.replicas[1]", "S.db"];
        let expected = [
            "S is shutting down: 600.0 ms, 3.0 s left",
            "|- db",
            "|- replicas",
            "|  |- [0]",
            "|  |  `- jobs",
            "|  `- [1]",
            "`- replicasA",
        ];
        assert_eq!(lines(&names), expected);
    }

    #[test]
    fn many_are_counted() {
        let names: Vec<&'static str> = (10..60).map(|i| leaked(format!("S.step{i}")).as_str()).collect();
        let lines = lines(&names);
        assert_eq!((lines.len(), &*lines[1], &*lines[16]), (18, "|- step10", "|- step25"));
        assert_eq!(lines[17], "`- and 34 more");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        let lines = lines(&["S.tasks[\"\u{1b}[2J\n\"]"]);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(!lines[1].contains(char::is_control), "{lines:?}");
    }
}
