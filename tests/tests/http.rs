//! `http::Server`: real sockets, real clients.

#![cfg(unix)]

#[path = "http/drain.rs"]
mod drain;
#[path = "http/force.rs"]
mod force;
#[path = "http/grpc.rs"]
mod grpc;
#[path = "http/http2.rs"]
mod http2;
#[path = "http/listeners.rs"]
mod listeners;
#[path = "http/panics.rs"]
mod panics;
#[path = "http/support.rs"]
mod support;
#[path = "http/upgrades.rs"]
mod upgrades;
