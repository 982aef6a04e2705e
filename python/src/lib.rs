//! For PyO3 extension modules: an owned runtime, an asyncio bridge that never attaches, and an ordered exit that waits for
//! its threads.
//!
//! What a library needs of [`sundown`] is at its root too, so that an extension needs one dependency: with the features `tokio`,
//! `tracing`, `process`, `metrics`, `serde` and `testing`. `sundown::run` and what belongs to it are for programs.
//!
//! ```no_run
//! use pyo3::prelude::*;
//! use std::time::Duration;
//!
//! #[pyfunction]
//! fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
//!     sundown_python::future_into_py(py, async move {
//!         tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
//!         Ok(())
//!     })
//! }
//!
//! #[pymodule]
//! fn my_extension(module: &Bound<'_, PyModule>) -> PyResult<()> {
//!     sundown_python::install(module)?;
//!     module.add_function(wrap_pyfunction!(sleep, module)?)
//! }
//! ```
//!
//! - [`future_into_py`], [`into_future`] and the rest of the bridge have the names and generics of `pyo3-async-runtimes`.
//! - [`coroutine_into_py`] makes a coroutine instead of a future, for `asyncio.run` and `create_task`.
//! - [`Callback`] calls Python from any task or thread; no Rust thread runs Python for it.
//! - [`Runtime`] owns a tokio runtime, and can be shut down, dropped anywhere, and forgotten in a forked child.
//! - [`EventLoop`] is a private asyncio loop on a thread of its own, for coroutines that Rust calls and cancels.
//! - [`add_sweep`] adds a function to a module that ends what is left on an application's own asyncio loop.
//! - [`audit`] says which threads and child processes are still alive, what Python knows of them, and whose they are;
//!   [`add_audit`] adds a function for that to a module.
//! - [`#[pyclass_teardown]`](pyclass_teardown) gives a class `close()`, `aclose()`, `with` and `async with`, and a safe
//!   drop.
//! - The guard of such a class is a bridge of the object's own: [`ShutdownGuardExt`]. [`Factory`] is for an
//!   `__aenter__` that makes another object.
//! - [`install`] adds the exceptions, and has everything torn down when the interpreter exits, within one budget.
//! - Their errors become [`exceptions`] by `?`; those of the core's own types by [`or_raise`](OrRaise::or_raise).
//!
//! For CPython 3.9 to 3.15, PyO3 0.27 to 0.30, from version-specific and abi3 wheels alike. Tested on Linux; for macOS
//! and Windows it is compiled and type-checked, not run. In its main interpreter: in a subinterpreter the import is refused.
//! For PyPy and GraalPy the build is refused (with PyO3 0.29 or later). On a free-threaded CPython nothing was tried: write
//! `#[pymodule(gil_used = true)]`, and the import of the module switches the GIL on.
//!
//! What stays open: a `Py<T>` that is dropped on a thread that is not attached waits in PyO3's pool, and its `__del__`
//! runs in whatever PyO3 call comes next, on whatever thread.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The layers, lowest first: a module imports from its own layer or a lower one (`cargo xtask lint` checks it).
mod interpreter;

mod error;

mod bridge;

mod install;

mod runtime;

mod asyncio;

mod event_loop;

mod object;

mod async_main;
mod shim;

mod rt;

#[doc(hidden)]
pub mod __rt {
    pub use crate::rt::*;
}

/// The core, as this crate needs it. By the paths of its files there.
pub(crate) use sundown::__internal as internal;

/// The exceptions. Each extension module has its own: [`install`] adds them to it.
pub mod exceptions {
    pub use crate::interpreter::exceptions::{
        ForkedProcessError, InterpreterExit, NeedsAsyncioError, RuntimePanic, ShutdownError, ShutdownTimeout,
    };
}

/// The exception of a Rust future that panicked, by the name that `pyo3-async-runtimes` has for it.
pub mod err {
    #[doc(no_inline)]
    pub use crate::interpreter::exceptions::RuntimePanic as RustPanic;
}

pub use asyncio::callback::Callback;
pub use asyncio::coroutine::coroutine_into_py;
pub use asyncio::into_py::{future_into_py, future_into_py_eager, future_into_py_with_locals};
pub use asyncio::into_rust::{
    into_future, into_future_shielded, into_future_shielded_with_locals, into_future_with_locals,
};
pub use asyncio::locals::{TaskLocals, get_current_locals, get_current_loop, get_running_loop, scope, scope_local};
pub use asyncio::run::{run, run_until_complete};
pub use asyncio::streams::{into_stream_v1, into_stream_v2, into_stream_with_locals_v1, into_stream_with_locals_v2};
pub use asyncio::sweep::{add_sweep, sweep_asyncio};
pub use error::{OrRaise, ShutdownError};
pub use event_loop::{EventLoop, EventLoopBuilder, LazyEventLoop};
pub use install::{install, install_as};
pub use interpreter::audit::{add_audit, audit};
pub use interpreter::closing::{Stats, stats};
pub use interpreter::exit::set_exit_timeout;
pub use object::{Factory, Handle, Registered, ShutdownGuardExt, aclose, close, register};
pub use runtime::{Builder, Entered, Restart, Runtime, get_runtime, init, init_with_runtime};
#[doc(no_inline)]
pub use sundown::*;
pub use sundown_macros::__PythonTeardown as Teardown;
#[doc = include_str!("macro_docs/pyclass_teardown.md")]
pub use sundown_macros::pyclass_teardown;
#[doc = include_str!("macro_docs/python_main.md")]
pub use sundown_macros::python_main as main;
/// As [`sundown::must_shutdown`]; the generated methods return this crate's [`ShutdownError`].
pub use sundown_macros::python_must_shutdown as must_shutdown;

/// The type stubs (`.pyi`) of the exceptions that [`install`] adds to a module.
///
/// `install` also adds a command that writes them, and the methods that
/// [`#[pyclass_teardown]`](pyclass_teardown) generates, into the extension's own stubs. Once it is built:
///
/// ```sh
/// maturin develop
/// python -c 'import my_extension; my_extension._sundown_stubs("my_extension.pyi")'
/// python -c 'import my_extension; my_extension._sundown_stubs("my_extension.pyi", check=True)'   # for CI
/// ```
///
/// The first adds what the file lacks, class by class, and makes the file if there is none: `close`, `aclose`, `closed`,
/// `with`, `async with`, `shutdown_report`, and these exceptions. What is in the file stays; the methods of the author's own
/// are the author's to write. The second changes nothing, and ends with an error if something is missing. Without a path
/// the stubs are printed.
///
/// With maturin, `my_extension.pyi` and an empty file `py.typed` (PEP 561) lie in the project's root, or in the package's
/// folder of a mixed project.
pub const STUBS: &str = install::STUBS;
