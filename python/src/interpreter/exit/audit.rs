//! What is still alive: Python's threads joined with the system's.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::prelude::*;
use sundown::registry::{Audit, InterpreterThread};

use crate::internal::value::audit::{self, Host, HostThread};
use crate::internal::value::nodes::Node;
use crate::interpreter::exit::{self, Live};
use crate::interpreter::threads::{self, PythonThread};

/// Looks at all threads and child processes. Attached for as long as Python's threads are looked at, then not.
///
/// # Errors
///
/// If CPython is not as expected.
pub(crate) fn take(py: Python<'_>) -> PyResult<Audit> {
    let lives: Vec<_> = py.detach(|| exit::lives().collect());
    let threads = look(py, &lives)?;
    Ok(py.detach(move || {
        let fields = fields(&lives);
        let part_of = |node: &Arc<dyn Node>| fields.get(&live(node)?.id()).cloned();
        audit::take(Host { threads, part_of: &part_of })
    }))
}

fn look(py: Python<'_>, lives: &[Arc<dyn Live>]) -> PyResult<Vec<HostThread>> {
    let mut executors = HashMap::new();
    for live in lives {
        let Some(event_loop) = live.event_loop() else { continue };
        let by = || format!("the default executor of EventLoop `{}` ({})", live.name(), live.created());
        // A loop of some other kind may show nothing.
        let idents = threads::of_executor(event_loop.bind(py)).unwrap_or_default();
        executors.extend(idents.into_iter().map(|ident| (ident, by())));
    }
    let threads = threads::all(py)?.into_iter().map(|PythonThread { ident, known, place }| {
        let mut thread = InterpreterThread::new(ident);
        (thread.at, thread.from) = (place.at, place.from);
        let (mut tid, mut by) = (None, executors.remove(&ident));
        if let Some(known) = known {
            (thread.name, thread.daemon, tid) = (known.name, known.daemon, known.native_id);
            by = by.or_else(|| Some(format!("{}, not in this registry", known.works_for?)));
        }
        HostThread { tid, thread, by }
    });
    Ok(threads.collect())
}

/// The fields of objects, by the ids of what they are.
fn fields(lives: &[Arc<dyn Live>]) -> HashMap<usize, String> {
    let of = |live: &Arc<dyn Live>| {
        let created = live.created();
        live.fields().into_iter().map(move |(field, id)| (id, format!("`{field}` ({created})")))
    };
    lives.iter().flat_map(of).collect()
}

fn live(node: &Arc<dyn Node>) -> Option<Arc<dyn Live>> {
    Some(*Arc::clone(node).at_exit()?.downcast::<Arc<dyn Live>>().ok()?)
}
