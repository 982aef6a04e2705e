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

pub use exceptions::{ForkedProcessError, InterpreterExit, RuntimePanic, ShutdownError, ShutdownTimeout};
pub use exit::{Stats, set_exit_timeout, stats};
pub use install::install;

/// The type stubs (`.pyi`) of what [`install`] adds to a module.
///
/// Put them into the extension's own `my_extension.pyi`, beside an empty file `py.typed` (PEP 561); with maturin both lie in
/// the project's root, or in the package's folder of a mixed project. A test of the extension can compare:
///
/// ```
/// let stubs = "class MyClass: ...\n".to_owned() + sundown::python::STUBS; // the extension's own file
/// assert!(stubs.contains(sundown::python::STUBS));
/// ```
pub const STUBS: &str = include_str!("python/stubs.pyi");
