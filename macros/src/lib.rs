//! The macros of sundown.
