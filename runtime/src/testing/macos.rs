//! Descriptors, which nobody has listed yet.

pub(super) use super::no_descriptors::Descriptor;

/// What is not compared here.
pub(super) fn not_compared() -> Option<&'static str> {
    Some("descriptors are not compared on this system")
}

/// Handles are descriptors here.
pub(super) fn handles() -> Option<u32> {
    None
}
