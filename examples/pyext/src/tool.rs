//! `ScriptedTool`: a tool whose commands are Python callbacks, sync and async.
//!
//! Each session has an event loop of its own, so that a command which blocks holds up its session alone; all scripts are
//! driven by one runtime. The callbacks run on the loops' threads, which Python made.

mod commands;
mod script;

use std::collections::HashMap;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use sundown_python::{EventLoop, Runtime, Shared, ShutdownGuard, pyclass_teardown};

use commands::Commands;
use script::Script;

use crate::seconds::Seconds;

/// A tool for anyone who writes scripts: a language model, a test, a user. `timeout` is what a script may take, in seconds.
#[pyclass_teardown(timeout = "2s")]
#[pyclass(frozen, module = "sundown_demo")]
pub(crate) struct ScriptedTool {
    /// The private loops, by the sessions' names. Asked to stop, they cancel what runs on them and wait for it.
    #[shutdown]
    sessions: Shared<HashMap<String, EventLoop>>,
    #[shutdown(after = sessions)]
    runtime: Runtime,
    commands: Commands,
    /// What a script may take that has no limit of its own.
    timeout: Option<Seconds>,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl ScriptedTool {
    #[new]
    #[pyo3(signature = (*, timeout = None))]
    fn new(timeout: Option<Seconds>) -> PyResult<Self> {
        let runtime = Runtime::builder().name("tool").worker_threads(1).build()?;
        let (sessions, commands) = (Shared::default(), Commands::default());
        Ok(ScriptedTool { sessions, runtime, commands, timeout, guard: ShutdownGuard::new() })
    }

    /// Makes `function` a command. Called with the words after the command's name, it returns, or as a coroutine function
    /// awaits, what the script prints.
    fn add(&self, name: String, function: Bound<'_, PyAny>) -> PyResult<()> {
        self.commands.add(name, function)
    }

    /// Runs a script, a command a line, and returns what its commands print. A command that is late is cancelled.
    #[pyo3(signature = (script, *, session = "main", timeout = None))]
    fn execute(&self, py: Python<'_>, script: &str, session: &str, timeout: Option<Seconds>) -> PyResult<String> {
        let script = Script::parse(script, &self.commands)?;
        let event_loop = self.session(py, session)?;
        if event_loop.is_current() {
            return Err(PyRuntimeError::new_err(format!("a command of `{session}` cannot wait for `{session}`")));
        }
        let timeout = timeout.or(self.timeout);
        self.runtime.block_on(py, within(timeout, script.run(event_loop)))?
    }

    /// As `execute`, as an awaitable of the caller's event loop.
    #[pyo3(signature = (script, *, session = "main", timeout = None))]
    fn aexecute<'py>(
        &self,
        py: Python<'py>,
        script: &str,
        session: &str,
        timeout: Option<Seconds>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let script = Script::parse(script, &self.commands)?;
        let event_loop = self.session(py, session)?;
        self.runtime.future_into_py(py, within(timeout.or(self.timeout), script.run(event_loop)))
    }

    /// Begins a script that nobody waits for. What still runs when the tool is closed is cancelled.
    #[pyo3(signature = (script, *, session = "main"))]
    fn start(&self, py: Python<'_>, script: &str, session: &str) -> PyResult<()> {
        let script = Script::parse(script, &self.commands)?;
        let event_loop = self.session(py, session)?;
        let name = format!("script in {session}");
        self.runtime.spawn_named(name, within(self.timeout, script.run(event_loop))).map(drop)
    }

    /// Ends a session: cancels what runs in it, and closes its loop. The next script opens another one.
    fn end(&self, py: Python<'_>, session: &str) -> PyResult<()> {
        let ended = self.runtime.block_on(py, self.sessions.take())?.remove(session);
        match ended {
            Some(event_loop) => Ok(event_loop.shutdown_blocking(py, None).map(drop)?),
            None => Err(PyValueError::new_err(format!("there is no session `{session}`"))),
        }
    }

    /// The callbacks may hold what holds the tool.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.commands.traverse(&visit)
    }

    fn __clear__(&self) {
        self.commands.clear();
    }

    fn __repr__(&self) -> String {
        format!("<ScriptedTool: {}>", self.commands.names().join(", "))
    }
}

impl ScriptedTool {
    /// The loop of a session, which is opened if it is not there.
    fn session(&self, py: Python<'_>, name: &str) -> PyResult<EventLoop> {
        let mut sessions = self.runtime.block_on(py, self.sessions.take())?;
        if let Some(event_loop) = sessions.get(name) {
            return Ok(event_loop.clone());
        }
        let event_loop = EventLoop::builder().name(name).timeout(Duration::from_secs(2)).start(py)?;
        sessions.insert(name.to_owned(), event_loop.clone());
        Ok(event_loop)
    }
}

/// Dropping the script's future cancels the command that it waits for.
async fn within(timeout: Option<Seconds>, script: impl Future<Output = PyResult<String>>) -> PyResult<String> {
    let Some(Seconds(timeout)) = timeout else { return script.await };
    let late = || PyTimeoutError::new_err(format!("the script did not end within {} s", timeout.as_secs_f64()));
    tokio::time::timeout(timeout, script).await.unwrap_or_else(|_| Err(late()))
}
