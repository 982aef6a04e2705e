//! A small system manager that is shut down by an annotated struct. Start reading at `supervisor.rs`.

mod children;
mod config;
mod figures;
mod pools;
mod slowest;
mod supervisor;
mod tasks;

use clap::Parser as _;
use sundown::{Exit, Root};

use crate::config::Config;
use crate::supervisor::Supervisor;

fn main() -> Exit {
    let config = Config::parse();
    Root::new().audit().on_exit(slowest::print).run(async |_| Supervisor::start(&config).await)
}
