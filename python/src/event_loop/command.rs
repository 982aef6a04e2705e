//! What Rust sends to a loop: commands of a teardown, and calls of the user's functions. Both cross by the loop's
//! [`bridge`] and run methods of the class `Runner` in `event_loop.py`.

use std::fmt;
use std::sync::Arc;

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::asyncio::locals::Current;
use crate::bridge::{self, Asked, Bridge, Callable, Op};

/// The Python half of a loop: methods of a `Runner` of `event_loop.py`.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) event_loop: Py<PyAny>,
    call: Py<PyAny>,
    stop: Py<PyAny>,
    force_tasks: Py<PyAny>,
    force_all: Py<PyAny>,
}

/// What a teardown asks of the loop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    /// Cancel the tasks, wait for them, end.
    Stop,
    /// Do not wait for tasks any more.
    ForceTasks,
    /// Do not wait for anything any more.
    ForceAll,
}

impl Runner {
    /// # Errors
    ///
    /// If `runner` has not the methods of `event_loop.py`.
    pub(super) fn new(event_loop: &Bound<'_, PyAny>, runner: &Bound<'_, PyAny>) -> PyResult<Self> {
        let of = |name: &str| PyResult::Ok(runner.getattr(name)?.unbind());
        Ok(Runner {
            event_loop: event_loop.clone().unbind(),
            call: of("call")?,
            stop: of("stop")?,
            force_tasks: of("force_tasks")?,
            force_all: of("force_all")?,
        })
    }

    /// Sends a command by the loop's bridge. A loop that is blocked does not get it. Never blocks, and does not attach.
    pub(super) fn send(self: &Arc<Self>, bridge: &Bridge, command: Command) {
        let key = bridge.expect(Box::new(|_| ()), Asked::Call);
        let call = Box::new(CommandCall { runner: Arc::clone(self), command });
        if bridge.push(Op::Call { key, call }).is_err() {
            bridge.withdraw(key);
        }
    }
}

/// A command on its way.
#[derive(Debug)]
struct CommandCall {
    runner: Arc<Runner>,
    command: Command,
}

impl bridge::Call for CommandCall {
    fn callable(&self, py: Python<'_>) -> PyResult<Callable> {
        let function = match self.command {
            Command::Stop => &self.runner.stop,
            Command::ForceTasks => &self.runner.force_tasks,
            Command::ForceAll => &self.runner.force_all,
        };
        Ok(Callable { function: function.clone_ref(py), context: None })
    }

    fn arguments(&mut self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        Ok(PyTuple::empty(py).unbind())
    }
}

/// A call of a user's function.
pub(super) struct Run<A> {
    pub(super) runner: Arc<Runner>,
    pub(super) number: u64,
    pub(super) function: Arc<Py<PyAny>>,
    pub(super) arguments: Option<A>,
    /// Whose context it runs in.
    pub(super) caller: Option<Current>,
}

impl<A> fmt::Debug for Run<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<A> bridge::Call for Run<A>
where
    A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send,
{
    fn callable(&self, py: Python<'_>) -> PyResult<Callable> {
        let context = self.caller.as_ref().and_then(|caller| caller.context(py));
        Ok(Callable { function: self.runner.call.clone_ref(py), context })
    }

    fn arguments(&mut self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let Some(arguments) = self.arguments.take() else { unreachable!("a call is made once") };
        let arguments = arguments.into_bound_py_any(py)?;
        Ok((self.number, self.function.bind(py), arguments).into_pyobject(py)?.unbind())
    }
}
