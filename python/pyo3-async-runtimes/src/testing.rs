//! A harness for tests that embed Python, which needs the main thread for itself.
//!
//! The API is that of pyo3-async-runtimes' `testing`, (c) its authors, Apache-2.0; the code is new. A test target has
//! `harness = false` and this `main`:
//!
//! ```no_run
//! #[pyo3_async_runtimes::tokio::main]
//! async fn main() -> pyo3::PyResult<()> {
//!     pyo3_async_runtimes::testing::main().await
//! }
//!
//! #[pyo3_async_runtimes::tokio::test]
//! async fn it_sleeps() -> pyo3::PyResult<()> {
//!     tokio::time::sleep(std::time::Duration::from_millis(1)).await;
//!     Ok(())
//! }
//! ```

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Mutex;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use pyo3::exceptions::PyAssertionError;
use pyo3::prelude::*;

/// How many tests run at the same time.
const AT_ONCE: usize = 4;

/// What the command line of a test program says.
#[derive(Debug, Default)]
pub struct Args {
    filter: Option<String>,
}

/// Reads the command line: a part of the names of the tests to run. Options of the ordinary harness are ignored.
#[must_use]
pub fn parse_args() -> Args {
    Args { filter: std::env::args().skip(1).find(|argument| !argument.starts_with('-')) }
}

type TestFn = dyn Fn() -> Pin<Box<dyn Future<Output = PyResult<()>> + Send>> + Send + Sync;

/// A test, as `#[tokio::test]` lists it.
#[derive(Clone)]
pub struct Test {
    /// Its path.
    pub name: &'static str,
    /// Starts it.
    pub test_fn: &'static TestFn,
}

impl Test {
    /// The future that runs the test.
    #[must_use = "the test runs as the future is awaited"]
    pub fn task(&self) -> Pin<Box<dyn Future<Output = PyResult<()>> + Send>> {
        (self.test_fn)()
    }

    /// Runs the test; what went wrong, for people.
    async fn outcome(&self) -> Result<(), String> {
        match AssertUnwindSafe(async { self.task().await }).catch_unwind().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => Err(message(&*panic)),
        }
    }
}

impl std::fmt::Debug for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Test").field("name", &self.name).finish_non_exhaustive()
    }
}

inventory::collect!(Test);

/// Runs the tests that the arguments choose, all of them also if one fails.
///
/// # Errors
///
/// `AssertionError` if a test fails or panics, with the names.
pub async fn test_harness(tests: Vec<Test>, args: Args) -> PyResult<()> {
    let failed = Mutex::new(Vec::new());
    let chosen = tests.into_iter().filter(|test| args.filter.as_ref().is_none_or(|filter| test.name.contains(filter)));
    stream::iter(chosen)
        .for_each_concurrent(AT_ONCE, |test| {
            let failed = &failed;
            async move {
                match test.outcome().await {
                    Ok(()) => println!("test {} ... ok", test.name),
                    Err(why) => {
                        println!("test {} ... FAILED: {why}", test.name);
                        failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(test.name);
                    }
                }
            }
        })
        .await;
    let failed = failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    match &failed[..] {
        [] => Ok(()),
        names => Err(PyAssertionError::new_err(format!("failed: {}", names.join(", ")))),
    }
}

/// Runs all the tests that `#[tokio::test]` listed and the command line chooses.
///
/// # Errors
///
/// As [`test_harness`].
pub async fn main() -> PyResult<()> {
    test_harness(inventory::iter::<Test>().cloned().collect(), parse_args()).await
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

/// What the expansion of `#[tokio::test]` calls. No semver.
#[doc(hidden)]
pub mod __rt {
    use super::{Future, Pin, Py, PyAny, PyResult, Python, message};
    use crate::err::RustPanic;
    use crate::tokio::{get_current_loop, get_runtime};

    pub type Running = Pin<Box<dyn Future<Output = PyResult<()>> + Send>>;

    /// A test that may block.
    pub fn blocking(test: impl FnOnce() -> PyResult<()> + Send + 'static) -> Running {
        Box::pin(async move {
            match get_runtime().spawn_blocking(test).await {
                Ok(result) => result,
                Err(error) if error.is_panic() => Err(RustPanic::new_err(message(&*error.into_panic()))),
                Err(error) => Err(RustPanic::new_err(error.to_string())),
            }
        })
    }

    /// A test that may block, with the loop that the harness runs in.
    pub fn blocking_with_loop(test: impl FnOnce(Py<PyAny>) -> PyResult<()> + Send + 'static) -> Running {
        match Python::attach(|py| get_current_loop(py).map(|event_loop| event_loop.unbind())) {
            Ok(event_loop) => blocking(move || test(event_loop)),
            Err(error) => Box::pin(async move { Err(error) }),
        }
    }
}
