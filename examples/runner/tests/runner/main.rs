//! The real binary, started, fed and stopped.

mod demo;
mod postgres;
mod restart;
mod serve;
mod support;
