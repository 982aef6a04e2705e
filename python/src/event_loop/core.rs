//! The loop behind the handles of an [`EventLoop`](super::EventLoop), as the registry and the exit see it.

use std::any::Any;
use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use sundown::Teardown;

use crate::bridge::{Bridge, glue};
use crate::event_loop::command::Runner;
use crate::event_loop::control::LoopControl;
use crate::event_loop::state::{LoopState, LoopStateForPython};
use crate::event_loop::teardown::{self, SPEC};
use crate::install;
use crate::internal::host::fork::PerProcess;
use crate::internal::host::user_threads::{Budget, Owner};
use crate::internal::plan::{Spec, Step};
use crate::internal::resource::owned::{Owned, Service};
use crate::internal::value::nodes::Node;
use crate::interpreter::exit::{self, Live};
use crate::interpreter::{closing, gate, signals, source};

/// What a loop has, until it is torn down.
pub(super) struct LoopCore {
    timeout: Option<Duration>,
    pub(super) control: Arc<LoopControl>,
}

/// The class `Runner`. A forked child loads it anew.
static RUNNER: PerProcess<PyOnceLock<Py<PyAny>>> = PerProcess::new(PyOnceLock::new);

impl LoopCore {
    /// Starts a loop that `factory` makes, or asyncio.
    pub(super) fn start(
        py: Python<'_>,
        name: String,
        location: &'static Location<'static>,
        timeout: Option<Duration>,
        factory: Option<Py<PyAny>>,
    ) -> PyResult<Arc<Owned<Self>>> {
        install::ensure(py)?;
        let _pass = gate::admit("EventLoop")?;
        let event_loop = signals::around_new_loop(py, || match factory {
            Some(factory) => factory.bind(py).call0(),
            // asyncio's loop keeps the context that it is made in, by a reader of its own.
            None => {
                let empty = py.import("contextvars")?.call_method0("Context")?;
                empty.call_method1("run", (&glue::get(py)?.new_event_loop,))
            }
        })?;
        let control = start(&event_loop, name, location)?;
        let event_loop = Owned::new(LoopCore { timeout, control: Arc::new(control) }, location);
        if closing::has_begun() {
            // The exit may not have seen it.
            event_loop.stop();
        }
        Ok(event_loop)
    }

    pub(super) fn state(&self) -> &Arc<LoopState> {
        &self.control.state
    }
}

/// Makes the bridge and the thread. After an error the loop is closed, or about to be by its thread.
fn start(event_loop: &Bound<'_, PyAny>, name: String, location: &'static Location<'static>) -> PyResult<LoopControl> {
    let (control, runner) =
        prepare(event_loop, name, location).inspect_err(|_| drop(event_loop.call_method0("close")))?;
    // The thread may have begun although `start` fails: from then on nobody else may close the loop.
    runner.call_method0("start").inspect_err(|_| drop(runner.call_method0("give_up")))?;
    Ok(control)
}

/// The bridge, and what runs the loop: the control of it for Rust, and the object of Python's.
fn prepare<'py>(
    event_loop: &Bound<'py, PyAny>,
    name: String,
    location: &'static Location<'static>,
) -> PyResult<(LoopControl, Bound<'py, PyAny>)> {
    let py = event_loop.py();
    let load = || {
        let namespace = source::execute(py, "event_loop", include_str!("../event_loop.py"))?;
        PyResult::Ok(namespace.as_any().get_item("Runner")?.unbind())
    };
    let class = source::once(py, RUNNER.get(), load)?;
    let label = format!("EventLoop `{name}` ({location})");
    let state = LoopState::new(name, Bridge::of(event_loop)?);
    let runner = class.bind(py).call1((event_loop, LoopStateForPython(Arc::clone(&state)), &state.name, label))?;
    let methods = Runner::new(event_loop, &runner)?;
    Ok((LoopControl { state, runner: Arc::new(methods), owner: Owner::new() }, runner))
}

impl Service for LoopCore {
    const SPEC: &'static Spec = &SPEC;
    const TYPE: &'static str = "sundown_python::EventLoop";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.state().name)
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn steps(&self) -> Vec<Step<'_>> {
        teardown::steps(&self.control)
    }

    fn stop(&self) {
        self.control.stop();
    }

    fn thread(&self) -> Option<u32> {
        self.state().tid()
    }

    fn at_exit(owned: Arc<Owned<Self>>) -> Option<Box<dyn Any>> {
        Some(exit::stopped_at_exit(owned))
    }
}

impl Live for Owned<LoopCore> {
    fn name(&self) -> String {
        self.state().name.clone()
    }

    fn created(&self) -> &'static Location<'static> {
        Owned::location(self)
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        Node::teardown(self)
    }

    fn event_loop(&self) -> Option<&Py<PyAny>> {
        Some(&self.control.runner.event_loop)
    }

    /// An exception is for what blocks the loop. A loop that has begun to stop is not blocked, and the exception would
    /// break its end; a loop that waits for its tasks has no use for it.
    fn python_thread(&self) -> Option<(u64, Option<Budget>)> {
        let responds = self.is_live() || self.state().is_stopping();
        Some((self.state().ident().filter(|_| !responds)?, self.control.owner.budget()))
    }
}
