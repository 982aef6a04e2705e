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
    children: usize,
    descriptors: usize,
}

impl Holdings {
    pub(crate) fn now() -> Self {
        let tasks = entries("/proc/self/task");
        let children = |task: &String| read(&format!("/proc/self/task/{task}/children"));
        let children = tasks.iter().map(children).collect::<String>();
        Holdings {
            threads: tasks.len(),
            children: children.split_whitespace().count(),
            // One of them is the listing itself.
            descriptors: entries("/proc/self/fd").len().saturating_sub(1),
        }
    }
}

/// The hook that `config` has started, and what that has started, wherever they are now: by the file in their environment.
/// One that has ended has none. Nothing where there is no `/proc`.
pub(crate) fn hooks(config: &Config) -> Vec<(i32, String)> {
    let notices = format!("NOTICES={}\0", config.notices().display());
    let of_hooks = |pid: &String| read(&format!("/proc/{pid}/environ")).contains(&notices);
    let pids = entries("/proc").into_iter().filter(of_hooks);
    let command = |pid: &str| read(&format!("/proc/{pid}/comm")).trim_end().to_owned();
    pids.filter_map(|pid| Some((pid.parse().ok()?, command(&pid)))).collect()
}

impl fmt::Display for Holdings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holdings { threads, children, descriptors } = self;
        write!(f, "{threads:>3} threads  {children} children  {descriptors:>3} descriptors")
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
        let orphans = hooks(config);
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
    // `more` of Windows may end with an empty line.
    let delivered = notices.lines().filter(|line| !line.is_empty() && !line.starts_with("hook:")).count();
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
    fs::read(path).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}
