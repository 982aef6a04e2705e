//! The interpreter around the module: its exceptions, its threads and signals, forks, and its end.

pub(super) mod attached;
pub(super) mod audit;
pub(super) mod block_on;
pub(super) mod closing;
pub(super) mod exceptions;
pub(super) mod exit;
pub(super) mod fork;
pub(super) mod frames;
pub(super) mod gate;
pub(super) mod hooks;
pub(super) mod intern;
pub(super) mod modules;
pub(super) mod panics;
pub(super) mod pending_call;
pub(super) mod polling;
pub(super) mod raise_soon;
pub(super) mod shield;
pub(super) mod signals;
pub(super) mod sockets;
pub(super) mod source;
pub(super) mod subinterpreters;
pub(super) mod symbols;
pub(super) mod threads;
