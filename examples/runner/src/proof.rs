//! The proof that nothing was left half-way: what the process holds, and what the rows say.

use std::fmt;
use std::fs;
use std::time::Duration;

use anyhow::ensure;
use sundown::testing::LeakCheck;

use crate::config::Config;
use crate::job::State;
use crate::store::Store;

/// What the process holds. Nothing where there is no `/proc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    threads: usize,
    children: Vec<u32>,
    descriptors: usize,
}

impl Holdings {
    pub(crate) fn now() -> Self {
        let tasks = entries("/proc/self/task");
        let children = |task: &String| read(&format!("/proc/self/task/{task}/children"));
        let children = tasks.iter().map(children).collect::<String>();
        Holdings {
            threads: tasks.len(),
            children: children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
            // One of them is the listing itself.
            descriptors: entries("/proc/self/fd").len().saturating_sub(1),
        }
    }

    /// The processes that run in the groups of the children. Some may have lost their parent: an orphan is no child of
    /// ours any more. One that has ended (`Z`) is left out; it is up to its new parent to reap it, and a child of our own
    /// that nobody reaped is found by the leak check.
    fn groups(&self) -> Vec<String> {
        let stat = entries("/proc").into_iter().map(|pid| read(&format!("/proc/{pid}/stat")));
        stat.filter(|stat| runs_in_group(stat).is_some_and(|group| self.children.contains(&group))).collect()
    }
}

/// The group in `pid (name) state parent group …`; a name may have anything in it.
fn runs_in_group(stat: &str) -> Option<u32> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (state != "Z").then_some(group)
}

impl fmt::Display for Holdings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holdings { threads, children, descriptors } = self;
        write!(f, "{threads:>3} threads  {} children  {descriptors:>3} descriptors", children.len())
    }
}

/// Remembers what the process holds before the runner's runtime is made, and looks again when that is gone.
#[must_use]
pub(crate) struct Proof {
    leaks: LeakCheck,
    before: Holdings,
}

impl Proof {
    pub(crate) fn begin() -> Self {
        Proof { leaks: LeakCheck::new(), before: Holdings::now() }
    }

    /// Prints the proof.
    ///
    /// # Errors
    ///
    /// What is left half-way.
    pub(crate) fn end(mut self, running: Holdings, config: &Config) -> anyhow::Result<()> {
        let rows = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(rows(config));
        // Threads and processes that are on their way out are waited for; what survives is named.
        let survivors = self.leaks.survivors(Duration::from_secs(2));
        println!("   proof     before   {}", self.before);
        println!("             running  {running}");
        println!("             after    {}", Holdings::now());
        rows?;
        ensure!(survivors.is_empty(), "{survivors}");
        let orphans = running.groups();
        ensure!(orphans.is_empty(), "the child has left processes behind: {orphans:?}");
        println!("             no thread, process, descriptor or guarded value is left");
        Ok(())
    }
}

/// Opens the database anew and looks whether its rows agree with each other and with the notices that the hook got.
async fn rows(config: &Config) -> anyhow::Result<()> {
    // Under another name, so that opening it does not repair what is to be seen.
    let store = Store::open(&config.database(), "proof").await?;
    let half_way = store.half_way().await;
    let ledger = store.ledger().await;
    let counts = store.counts().await;
    store.close().await?;

    let (half_way, counts) = (half_way?, counts?);
    let text: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    println!("   rows      {}; {} in the ledger", text.join(", "), ledger?);
    ensure!(half_way == Default::default(), "rows are left half-way: {half_way:?}");

    let told = |state: &State| matches!(state, State::Done | State::Failed);
    let ended: i64 = counts.iter().filter(|(state, _)| told(state)).map(|(_, count)| count).sum();
    let notices = fs::read_to_string(config.notices())?;
    let delivered = notices.lines().filter(|line| !line.starts_with("hook:")).count();
    println!(
        "   hook      {delivered} notices of {ended}; {}",
        match notices.lines().last() {
            Some(last) if last.starts_with("hook:") => last,
            _ => "no last word",
        }
    );
    ensure!(usize::try_from(ended)? == delivered, "{ended} jobs ended, and the hook was told of {delivered}");
    Ok(())
}

fn entries(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The text of a file, empty if its process or thread has ended in between.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
