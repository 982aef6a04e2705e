//! For a system whose descriptors nobody has listed yet.

use super::survivors::Survivor;

/// There are none.
#[derive(Debug)]
pub(super) struct Descriptor {
    pub(super) number: i32,
    pub(super) target: String,
}

impl Descriptor {
    pub(super) fn all() -> Vec<Self> {
        Vec::new()
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl From<Descriptor> for Survivor {
    fn from(Descriptor { number, target }: Descriptor) -> Self {
        Survivor::Descriptor { number, target, socket: None }
    }
}

/// What is not compared here.
#[cfg(not(windows))]
pub(super) fn not_compared() -> Option<&'static str> {
    Some(match cfg!(target_os = "macos") {
        true => "descriptors are not compared on this system",
        false => "threads, child processes and descriptors are not compared on this system",
    })
}

/// Handles are descriptors here.
#[cfg(not(windows))]
pub(super) fn handles() -> Option<u32> {
    None
}
