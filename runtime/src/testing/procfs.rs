//! Descriptors, from `/proc`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::sockets;
use super::survivors::Survivor;
use crate::host::procfs::numbers;

/// What is not compared here.
pub(super) fn not_compared() -> Option<&'static str> {
    None
}

/// How many handles this process has open: they are descriptors, which have names.
pub(super) fn handles() -> Option<u32> {
    None
}

/// A descriptor of this process.
#[derive(Debug)]
pub(super) struct Descriptor {
    pub(super) number: i32,
    pub(super) target: String,
    device: u64,
    inode: u64,
}

impl Descriptor {
    pub(super) fn all() -> Vec<Self> {
        // The list is complete, and its own descriptor closed, before the first is looked at.
        let found = numbers("/proc/self/fd").unwrap_or_default();
        found.into_iter().filter_map(Self::find).collect()
    }

    fn find(number: u32) -> Option<Self> {
        let path = format!("/proc/self/fd/{number}");
        let target = fs::read_link(&path).ok()?.to_string_lossy().into_owned();
        // Follows the link to the open file itself, whatever became of its name.
        let metadata = fs::metadata(&path).ok()?;
        Some(Descriptor { number: number.cast_signed(), target, device: metadata.dev(), inode: metadata.ino() })
    }

    /// Whether the two are the same descriptor of the same file. All anonymous inodes are one, so there the kind counts.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.number, self.device, self.inode) == (other.number, other.device, other.inode)
            && (self.target == other.target || !self.target.starts_with("anon_inode:"))
    }
}

impl From<Descriptor> for Survivor {
    fn from(Descriptor { number, target, .. }: Descriptor) -> Self {
        let socket = sockets::describe(&target);
        Survivor::Descriptor { number, target, socket }
    }
}
