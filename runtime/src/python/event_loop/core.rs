//! The loop behind the handles of an [`EventLoop`](super::EventLoop).

use std::borrow::Cow;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::host::fork::PerProcess;
use crate::host::user_threads::{Budget, Owner};
use crate::plan::{Spec, Step};
use crate::python::asyncio::locals::Current;
use crate::python::bridge::glue;
use crate::python::bridge::{self, Bridge, Op};
use crate::python::event_loop::state::{Desk, LoopDesk};
use crate::python::event_loop::stop_queue;
use crate::python::event_loop::teardown::{self, SPEC};
use crate::python::install;
use crate::python::interpreter::exit::{self, Live};
use crate::python::interpreter::{closing, gate, source};
use crate::resource::owned::{Owned, Service};
use crate::teardown::Teardown;
use crate::value::nodes::Node;

/// What a loop has, until it is torn down.
pub(super) struct LoopCore {
    timeout: Duration,
    pub(super) desk: Arc<Desk>,
    pub(super) runner: Arc<Runner>,
    /// By when its teardown gives up.
    pub(super) owner: Arc<Owner>,
}

/// The Python half, from `event_loop.py`.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) event_loop: Py<PyAny>,
    call: Py<PyAny>,
    stop: Py<PyAny>,
    force_tasks: Py<PyAny>,
    force_all: Py<PyAny>,
}

/// What the loop is told by a teardown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    Stop,
    /// Not to wait for tasks any more.
    ForceTasks,
    /// Not to wait for anything any more.
    ForceAll,
}

/// A forked child loads it anew.
static RUNNER: PerProcess<PyOnceLock<Py<PyAny>>> = PerProcess::new(PyOnceLock::new);

impl LoopCore {
    /// Starts a loop that `factory` makes, or asyncio.
    pub(super) fn start(
        py: Python<'_>,
        name: String,
        location: &'static Location<'static>,
        timeout: Duration,
        factory: Option<Py<PyAny>>,
    ) -> PyResult<Arc<Owned<Self>>> {
        install::ensure(py)?;
        let _pass = gate::admit("EventLoop")?;
        let event_loop = match factory {
            Some(factory) => factory.bind(py).call0()?,
            None => glue::get(py)?.new_event_loop.bind(py).call0()?,
        };
        let (desk, runner) = start(&event_loop, name).inspect_err(|_| drop(event_loop.call_method0("close")))?;
        let event_loop = LoopCore { timeout, desk, runner: Arc::new(runner), owner: Owner::new() };
        let event_loop = Owned::new(event_loop, location);
        let live: Weak<Owned<Self>> = Arc::downgrade(&event_loop);
        exit::register(live);
        if closing::has_begun() {
            // The exit may not have seen it.
            event_loop.stop();
        }
        Ok(event_loop)
    }

    /// Tells the loop, which need not listen. Never blocks, and does not attach.
    pub(super) fn tell(&self, told: Told) {
        tell(&self.desk, &self.runner, told);
    }

    /// No call begins any more, and what runs is cancelled when it is the loop's turn.
    pub(super) fn end_in_turn(&self) {
        self.desk.close();
        stop_queue::join(&self.desk, &self.runner);
    }
}

/// Tells the loop of `desk`, which need not listen. Never blocks, and does not attach.
pub(super) fn tell(desk: &Desk, runner: &Arc<Runner>, told: Told) {
    let Some(bridge) = desk.bridge() else { return };
    let key = bridge.expect(Box::new(|_| ()));
    let call = Box::new(Tell { runner: Arc::clone(runner), told });
    if bridge.push(Op::Call { key, call }).is_err() {
        bridge.give_up(key);
    }
}

/// Makes the bridge and the thread.
fn start(event_loop: &Bound<'_, PyAny>, name: String) -> PyResult<(Arc<Desk>, Runner)> {
    let py = event_loop.py();
    let load = || {
        PyResult::Ok(
            source::execute(py, "event_loop", include_str!("../event_loop.py"))?.as_any().get_item("Runner")?.unbind(),
        )
    };
    let class = RUNNER.get().get_or_try_init(py, load)?;
    let bridge = Bridge::of(event_loop)?;
    let desk = Desk::new(name, bridge);
    let runner = class.bind(py).call1((event_loop, LoopDesk(Arc::clone(&desk)), &desk.name))?;
    let of = |name: &str| PyResult::Ok(runner.getattr(name)?.unbind());
    let parts = Runner {
        event_loop: event_loop.clone().unbind(),
        call: of("call")?,
        stop: of("stop")?,
        force_tasks: of("force_tasks")?,
        force_all: of("force_all")?,
    };
    runner.call_method0("start")?;
    Ok((desk, parts))
}

impl Service for LoopCore {
    const SPEC: &'static Spec = &SPEC;
    const TYPE: &'static str = "sundown::python::EventLoop";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.desk.name)
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn steps(&self) -> Vec<Step<'_>> {
        teardown::steps(self)
    }

    /// No call begins any more, and what runs is cancelled.
    fn stop(&self) {
        self.desk.close();
        self.tell(Told::Stop);
    }
}

impl Live for Owned<LoopCore> {
    fn name(&self) -> String {
        self.desk.name.clone()
    }

    fn created(&self) -> &'static Location<'static> {
        Owned::location(self)
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        Node::teardown(self)
    }

    /// An exception is for what blocks the loop. One that has heard that it is to stop does, and would stumble over it; one
    /// that waits for its tasks has no use for it.
    fn python_thread(&self) -> Option<(u64, Option<Budget>)> {
        let hears = self.is_live() || self.desk.is_stopping();
        Some((self.desk.ident().filter(|_| !hears)?, self.owner.budget()))
    }
}

/// Something that a teardown tells the loop.
#[derive(Debug)]
struct Tell {
    runner: Arc<Runner>,
    told: Told,
}

impl bridge::Call for Tell {
    fn function(&self, py: Python<'_>) -> Py<PyAny> {
        let function = match self.told {
            Told::Stop => &self.runner.stop,
            Told::ForceTasks => &self.runner.force_tasks,
            Told::ForceAll => &self.runner.force_all,
        };
        function.clone_ref(py)
    }

    fn context(&self, _py: Python<'_>) -> Option<Py<PyAny>> {
        None
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

impl<A> std::fmt::Debug for Run<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<A> bridge::Call for Run<A>
where
    A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send,
{
    fn function(&self, py: Python<'_>) -> Py<PyAny> {
        self.runner.call.clone_ref(py)
    }

    fn context(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.caller.as_ref()?.context(py)
    }

    fn arguments(&mut self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let Some(arguments) = self.arguments.take() else { unreachable!("a call is made once") };
        let arguments = arguments.into_bound_py_any(py)?;
        Ok((self.number, self.function.bind(py), arguments).into_pyobject(py)?.unbind())
    }
}
