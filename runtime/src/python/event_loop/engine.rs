//! The loop behind the handles of an [`EventLoop`](super::EventLoop).

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use super::super::bridge::{self, Bridge, Op};
use super::super::exit::{self, Live};
use super::super::fork::PerProcess;
use super::super::locals::Current;
use super::super::{gate, glue, install};
use super::desk::{Desk, LoopDesk};
use super::line;
use super::teardown::{self, SPEC};
use crate::host::user_threads::{Budget, Owner};
use crate::teardown::Teardown;
use crate::value::Phase;
use crate::value::entry::Entry;
use crate::value::nodes::{self, Node, Registered};

pub(super) struct Engine {
    pub(super) location: &'static Location<'static>,
    pub(super) timeout: Duration,
    pub(super) desk: Arc<Desk>,
    pub(super) runner: Arc<Runner>,
    pub(super) entry: Arc<Entry>,
    /// By when its teardown gives up.
    pub(super) owner: Arc<Owner>,
    registered: Registered,
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

impl Engine {
    /// Starts a loop that `factory` makes, or asyncio.
    pub(super) fn start(
        py: Python<'_>,
        name: String,
        location: &'static Location<'static>,
        timeout: Duration,
        factory: Option<Py<PyAny>>,
    ) -> PyResult<Arc<Self>> {
        install::ensure(py)?;
        let _pass = gate::admit("EventLoop")?;
        crate::host::exit::watch();
        let event_loop = match factory {
            Some(factory) => factory.bind(py).call0()?,
            None => glue::get(py)?.new_event_loop.bind(py).call0()?,
        };
        let (desk, runner) = start(&event_loop, name).inspect_err(|_| drop(event_loop.call_method0("close")))?;
        let engine = Arc::new_cyclic(|engine: &Weak<Self>| Engine {
            location,
            timeout,
            desk,
            runner: Arc::new(runner),
            entry: Arc::new(Entry::new(&SPEC, "sundown::python::EventLoop", location)),
            owner: Owner::new(),
            registered: nodes::register(Weak::clone(engine) as Weak<dyn Node>),
        });
        let live: Weak<Engine> = Arc::downgrade(&engine);
        exit::register(live);
        if exit::is_closing() {
            // The exit may not have seen it.
            engine.end_at_once();
        }
        Ok(engine)
    }

    /// Whether its shutdown is over, however it ended.
    pub(super) fn has_ended(&self) -> bool {
        self.entry.result().is_some()
    }

    /// Tells the loop, which need not listen. Never blocks, and does not attach.
    pub(super) fn tell(&self, told: Told) {
        tell(&self.desk, &self.runner, told);
    }

    /// No call begins any more, and what runs is cancelled when it is the loop's turn.
    pub(super) fn end_in_turn(&self) {
        self.desk.close();
        line::join(&self.desk, &self.runner);
    }

    /// No call begins any more, and what runs is cancelled. Nobody waits for it.
    pub(super) fn end_at_once(&self) {
        self.desk.close();
        self.tell(Told::Stop);
    }

    /// The last handle is gone: it is asked to stop, and waited for by the reaper, so that the caller never is.
    pub(super) fn release(self: Arc<Self>) {
        // No thread is started while the process exits. Its own drop tells it to stop.
        if self.has_ended() || crate::host::exit::is_exiting() {
            return;
        }
        // Without a reaper the job is dropped, and this with it.
        let _ = crate::value::reaper::submit(|drive| async move {
            // Its result is in the events; there is nobody else to be told.
            let _ = teardown::run(&self, self.timeout, &drive).await;
        });
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
            glue::execute(py, "event_loop", include_str!("../event_loop.py"))?.as_any().get_item("Runner")?.unbind(),
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

impl Drop for Engine {
    /// What nobody has shut down is told to stop, and not waited for.
    fn drop(&mut self) {
        if !self.has_ended() {
            self.end_at_once();
        }
    }
}

impl Node for Engine {
    fn name(&self) -> String {
        format!("EventLoop `{}`", self.desk.name)
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn created(&self) -> Instant {
        self.entry.created
    }

    fn phase(&self) -> Phase {
        self.entry.phase()
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        (!self.has_ended()).then(|| Box::new(self) as Box<dyn Teardown + Send>)
    }
}

impl Live for Engine {
    fn name(&self) -> String {
        self.desk.name.clone()
    }

    fn created(&self) -> &'static Location<'static> {
        self.location
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        Node::teardown(self)
    }

    /// An exception is for what blocks the loop. One that has heard that it is to stop does, and would stumble over it; one
    /// that waits for its tasks has no use for it.
    fn python_thread(&self) -> Option<(u64, Option<Budget>)> {
        let hears = self.entry.phase() == Phase::Live || self.desk.is_stopping();
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
