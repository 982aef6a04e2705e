//! A small workflow service whose shutdown is ordered, bounded and reported. Start reading at `runner.rs`.
//!
//! `main.rs` is its command line, and `examples/pyext` puts a Python class around it.

#[cfg(unix)] // it listens to SIGTERM
pub mod by_hand;
mod config;
mod cron;
pub mod demo;
mod executor;
mod hook;
mod inbox;
mod job;
mod proof;
mod runner;
pub mod serve;
mod status;
mod store;
mod work;

pub use config::Config;
pub use cron::Schedule;
pub use job::{Job, Spec, State};
pub use runner::Runner;
pub use store::Store;
