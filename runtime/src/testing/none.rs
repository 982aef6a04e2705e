//! What a system has no list of.

use super::survivors::Survivor;

/// What is not compared here.
#[cfg(not(windows))]
pub(super) fn not_compared() -> Option<&'static str> {
    Some("threads, child processes and descriptors are not compared on this system")
}

/// There are none.
#[cfg(not(windows))]
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) name: String,
}

/// There are none.
#[cfg(not(windows))]
#[derive(Debug)]
pub(super) struct Process;

/// There are none.
#[derive(Debug)]
pub(super) struct Descriptor {
    pub(super) number: i32,
    pub(super) target: String,
}

#[cfg(not(windows))]
impl Thread {
    pub(super) fn all() -> Vec<Self> {
        Vec::new()
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(not(windows))]
impl Process {
    pub(super) fn all() -> Vec<Self> {
        Vec::new()
    }

    pub(super) fn is(&self, _other: &Self) -> bool {
        true
    }
}

impl Descriptor {
    pub(super) fn all() -> Vec<Self> {
        Vec::new()
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

#[cfg(not(windows))]
impl From<Thread> for Survivor {
    fn from(Thread { name }: Thread) -> Self {
        Survivor::Thread { name, tid: 0 }
    }
}

#[cfg(not(windows))]
impl From<Process> for Survivor {
    fn from(_: Process) -> Self {
        Survivor::Process { command: String::new(), pid: 0, zombie: false }
    }
}

impl From<Descriptor> for Survivor {
    fn from(Descriptor { number, target }: Descriptor) -> Self {
        Survivor::Descriptor { number, target, socket: None }
    }
}

/// How many handles this process has open.
#[cfg(not(windows))]
pub(super) fn handles() -> Option<u32> {
    None
}
