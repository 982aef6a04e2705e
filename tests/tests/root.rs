//! A process that a root runs: signals sent for real to a child process (`src/bin/service`).

#![cfg(target_os = "linux")]

#[path = "root/dump.rs"]
mod dump;
#[path = "root/interleavings.rs"]
mod interleavings;
#[path = "root/lines.rs"]
mod lines;
#[path = "root/running.rs"]
mod running;
#[path = "root/send.rs"]
mod send;
#[path = "root/signals.rs"]
mod signals;
#[path = "root/start.rs"]
mod start;
#[path = "root/stuck.rs"]
mod stuck;
#[path = "root/supervision.rs"]
mod supervision;
#[path = "root/systemd.rs"]
mod systemd;
#[path = "root/terminal.rs"]
mod terminal;
