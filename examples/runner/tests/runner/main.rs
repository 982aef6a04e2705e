//! The real binary, started, fed and stopped.

mod demo;
mod postgres;
mod serve;
mod support;
