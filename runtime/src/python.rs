//! PyO3 extension modules: an owned runtime, an asyncio bridge that never attaches, and an exit that cannot crash.

mod asyncio;
mod block_on;
mod bridge;
mod callback;
mod exceptions;
mod exit;
mod fork;
mod gate;
mod glue;
mod install;
mod into_py;
mod into_rust;
mod locals;
mod panics;
mod run;
mod runtime;
mod signals;
mod streams;
mod wakeup;
