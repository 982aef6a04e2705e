//! `aclose()`: the reaper runs the teardown, and the completion crosses by the bridge.

use std::sync::Arc;
use std::time::Duration;

use pyo3::PyClass;
use pyo3::prelude::*;
use sundown::ShutdownError;

use crate::asyncio::into_py::new_future;
use crate::asyncio::locals::FutureLocals;
use crate::bridge::glue;
use crate::bridge::{Bridge, Completion};
use crate::install;
use crate::internal::value::reaper;
use crate::interpreter::exceptions::shutdown_error;
use crate::interpreter::intern::interned;
use crate::interpreter::{closing, gate};
use crate::object::class::Methods;
use crate::object::duration;
use crate::object::find::find_all;
use crate::object::state::Object;

/// Closes an object as [`close`](super::close()) does, and returns an `asyncio.Future` instead of waiting: what the
/// generated `aclose()` does. The loop is not blocked.
///
/// The teardown does not depend on who awaits it: if the future is cancelled it goes on in the background.
///
/// # Errors
///
/// As [`close`](super::close()), some of them from the future; `RuntimeError` if no loop is running.
pub fn aclose<'py, T: Methods + PyClass>(object: &Bound<'py, T>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
    let timeout = duration(timeout)?;
    begin(object.py(), find_all(object)?, timeout)
}

fn begin(py: Python<'_>, objects: Vec<Arc<Object>>, timeout: Option<Duration>) -> PyResult<Bound<'_, PyAny>> {
    for object in &objects {
        object.forget_witness();
    }
    install::ensure(py)?;
    let locals = FutureLocals::current(py)?;
    let Some(_pass) = gate::enter() else { return Err(closing::refuse("aclose")) };
    if objects.iter().all(|object| object.has_ended()) {
        let future = locals.new_future(glue::get(py)?.future.bind(py))?;
        future.call_method1(interned!(py, "set_result"), (py.None(),))?;
        return Ok(future);
    }
    let (bridge, key, future) = new_future(py, locals)?;
    let completes = Completes { bridge, key, with: None };
    // Closed from now on, and not only when the thread comes to it.
    for object in &objects {
        object.entry.begin();
    }
    // Without a thread the job is dropped, and its future fails.
    let started = reaper::submit(move |driver| async move {
        let mut completes = completes;
        let end = timeout.map(|timeout| driver.after(timeout));
        let mut result = Ok(());
        for object in objects.iter().filter(|object| !object.has_ended()) {
            let left = end.map(|end| end.saturating_duration_since(driver.now()));
            result = result.and(object.teardown(left, &driver).await.map(drop));
        }
        completes.with = Some(result);
    });
    started?;
    Ok(future)
}

/// Completes the Python future when it is dropped.
struct Completes {
    bridge: Arc<Bridge>,
    key: u64,
    with: Option<Result<(), ShutdownError>>,
}

impl Drop for Completes {
    fn drop(&mut self) {
        let completion = match self.with.take() {
            Some(Ok(())) => Completion::Value(Box::new(None::<bool>)),
            Some(Err(error)) => Completion::Error(shutdown_error(&error)),
            None => Completion::Lost,
        };
        self.bridge.complete(self.key, completion);
    }
}
