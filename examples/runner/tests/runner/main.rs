//! The real binary, started, fed and stopped. What sends signals, or hands a descriptor over, is for Unix.

mod demo;
mod ends;
#[cfg(unix)]
mod postgres;
#[cfg(unix)]
mod restart;
#[cfg(unix)]
mod serve;
mod support;
