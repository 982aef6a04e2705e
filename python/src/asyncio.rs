//! The public functions of the bridge: futures, coroutines, callables and streams, from one side to the other.

pub(super) mod callback;
pub(super) mod coroutine;
pub(super) mod into_py;
pub(super) mod into_rust;
pub(super) mod locals;
pub(super) mod run;
pub(super) mod streams;
pub(super) mod sweep;
