//! An audit as text.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::{Audit, AuditProcess, AuditThread, InterpreterThread};
use crate::teardown::report::Millis;

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unlisted = self.unlisted.iter().map(unlisted_line);
        if let Some(why) = self.not_listed {
            write!(f, "still alive: {why}")?;
            return write_lines(f, unlisted.collect());
        }
        let count = |many: usize, one: &str, several: &str, untracked: usize| {
            let count = match many {
                0 => return format!("no {one}"),
                1 => format!("1 {one}"),
                many => format!("{many} {several}"),
            };
            if untracked == 0 { count } else { format!("{count}, {untracked} not tracked by sundown") }
        };
        let untracked = self.threads.iter().filter(|thread| thread.origin.is_untracked()).count();
        let threads = count(self.threads.len(), "other thread", "other threads", untracked);
        let untracked = self.processes.iter().filter(|process| process.origin.is_untracked()).count();
        let processes = count(self.processes.len(), "child process", "child processes", untracked);
        write!(f, "still alive: {threads}; {processes}")?;

        write_lines(f, thread_lines(&self.threads).chain(unlisted).chain(self.processes.iter().map(line)).collect())
    }
}

fn write_lines(f: &mut fmt::Formatter<'_>, lines: Vec<(String, String)>) -> fmt::Result {
    let width = lines.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0);
    for (nth, (what, rest)) in lines.iter().enumerate() {
        let branch = if nth + 1 == lines.len() { "`-" } else { "|-" };
        write!(f, "\n{branch} {what:width$}  {rest}")?;
    }
    Ok(())
}

/// A thread that only an interpreter knows.
fn unlisted_line(thread: &InterpreterThread) -> (String, String) {
    let name = thread.name.as_ref().map_or_else(String::new, |name| format!(" `{}`", printable(name)));
    (format!("thread{name} (ident {})", thread.ident), format!("not tracked by sundown; {thread}"))
}

/// A line for those that are alike, which is what it says of them: the workers of a runtime are many.
fn thread_lines(threads: &[AuditThread]) -> impl Iterator<Item = (String, String)> {
    let mut lines: Vec<Alike> = Vec::new();
    let mut known: HashMap<(String, String, String), usize> = HashMap::new();
    for thread in threads {
        let interpreter = thread.interpreter.as_ref();
        let name = interpreter.and_then(|interpreter| interpreter.name.as_ref()).unwrap_or(&thread.name);
        let name = printable(name);
        let state = thread.state.map_or_else(String::new, |state| format!("{state:8}  "));
        let interpreter = interpreter.map_or_else(String::new, |interpreter| format!("; {interpreter}"));
        let whose = format!("{}{interpreter}", thread.origin);
        let nth = *known.entry((name.clone(), state.clone(), whose.clone())).or_insert(lines.len());
        match lines.get_mut(nth) {
            Some(alike) => {
                alike.count += 1;
                alike.cpu += thread.cpu;
            }
            None => lines.push(Alike { name, tid: thread.tid, state, whose, count: 1, cpu: thread.cpu }),
        }
    }
    lines.into_iter().map(|Alike { name, tid, state, whose, count, cpu }| {
        let what = match count {
            1 => format!("thread `{name}` (tid {tid})"),
            count => format!("{count} threads `{name}`"),
        };
        (what, format!("{state}{:>8} CPU  {whose}", Millis(cpu).to_string()))
    })
}

/// Threads that have one line.
struct Alike {
    name: String,
    /// That of the first.
    tid: u32,
    state: String,
    whose: String,
    count: usize,
    cpu: Duration,
}

fn line(process: &AuditProcess) -> (String, String) {
    const LONGEST: usize = 60;
    let mut command = printable(&process.command);
    if let Some((cut, _)) = command.char_indices().nth(LONGEST) {
        command.truncate(cut);
        command.push('…');
    }
    let ended = if process.zombie { "has ended, and nobody has waited for it; " } else { "" };
    (format!("process `{command}` (pid {})", process.pid), format!("{ended}{}", process.origin))
}

/// A name may have anything in it.
fn printable(name: &str) -> String {
    name.replace(char::is_control, " ")
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use super::*;
    use crate::host::census::ThreadState;
    use crate::teardown::report::audit::Origin;

    fn thread(tid: u32, name: &str) -> AuditThread {
        let mut known = InterpreterThread::new(u64::from(tid));
        (known.name, known.daemon) = (Some(name.to_owned()), Some(true));
        (known.at, known.from) = (Some("threading.py:359 in wait".to_owned()), Some("jobs.py:3 in work".to_owned()));
        AuditThread {
            name: "python3".to_owned(),
            tid,
            state: Some(ThreadState::Sleeping),
            cpu: Duration::from_millis(20),
            interpreter: Some(known),
            origin: Origin::Untracked { hint: None },
        }
    }

    #[test]
    fn a_row_says_what_the_system_and_the_interpreter_know() {
        let mut raw = InterpreterThread::new(9);
        raw.at = Some("raw.py:1 in spin".to_owned());
        let audit = Audit::new(vec![thread(7, "craw\nler")], Vec::new()).with_unlisted(vec![raw.clone()]);
        let line = "not tracked by sundown; daemon, at threading.py:359 in wait, from jobs.py:3 in work";
        let expected = format!(
            "still alive: 1 other thread, 1 not tracked by sundown; no child process\n\
             |- thread `craw ler` (tid 7)  sleeping   20.0 ms CPU  {line}\n\
             `- thread (ident 9)           not tracked by sundown; at raw.py:1 in spin"
        );
        assert_eq!(audit.to_string(), expected);
        let elsewhere = Audit::not_listed("they are not listed", vec![raw]);
        assert!(elsewhere.has_others());
        let expected =
            "still alive: they are not listed\n`- thread (ident 9)  not tracked by sundown; at raw.py:1 in spin";
        assert_eq!(elsewhere.to_string(), expected);
    }

    #[test]
    fn those_that_are_alike_have_one_line_if_the_interpreter_calls_them_alike_too() {
        let audit = Audit::new(vec![thread(7, "a"), thread(8, "a"), thread(9, "b")], Vec::new());
        let text = audit.to_string();
        assert!(text.contains("|- 2 threads `a`  ") && text.contains("40.0 ms CPU"), "{text}");
        assert!(text.contains("`- thread `b` (tid 9)  "), "{text}");
    }
}
