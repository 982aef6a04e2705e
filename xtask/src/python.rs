//! Python interpreters, their environments, and extension modules built for them.
//!
//! ```ignore
//! for interpreter in python::interpreters()? {
//!     let folder = python::build_extension("sundown-pytest", &interpreter, true, false)?;
//!     Call::new(interpreter.venv_python()).env("PYTHONPATH", folder).args(["-c", "import sundown_pytest"]).check()?;
//! }
//! ```
//!
//! `SUNDOWN_PYTHONS` names the interpreters, separated by colons; without it there is one, the `python3` on the PATH.
//! Everything that is made is below `target/python`, and made once.

mod build;
mod config;
mod interpreter;
mod packages;
mod pyo3;
mod suite;

pub(crate) use build::build_extension;
pub(crate) use config::write_config;
pub(crate) use interpreter::{Interpreter, interpreters, newest};
pub(crate) use packages::zig;
pub(crate) use pyo3::test_older;
pub(crate) use suite::{DEMO, RUNTIME, Suite, demo, run as run_suite};
