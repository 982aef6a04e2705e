//! For a system of which nothing is known.

pub(super) use super::no_descriptors::Descriptor;

/// What is not compared here.
pub(super) fn not_compared() -> Option<&'static str> {
    Some("threads, child processes and descriptors are not compared on this system")
}

/// How many handles this process has open.
pub(super) fn handles() -> Option<u32> {
    None
}
