//! The interpreter around the module: its exceptions, its threads and signals, forks, and its end.

pub(super) mod attached;
pub(super) mod block_on;
pub(super) mod exceptions;
pub(super) mod exit;
pub(super) mod fork;
pub(super) mod gate;
pub(super) mod panics;
pub(super) mod signals;
