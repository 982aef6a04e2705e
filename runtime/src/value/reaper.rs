//! The reaper: threads that tear down what was dropped where the caller could not wait.
//!
//! What is torn down runs code of users, so one of its threads is always outside of all jobs: see [`background`].
//!
//! [`background`]: crate::driver::background

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::driver::Driver;
use crate::driver::background::{Background, Job, Late};

pub(crate) use crate::driver::background::is_current;

static REAPER: Background = Background::with_spare("sundown-reaper");

/// Runs the job that `make` returns on a thread of the reaper; it is given the job's driver.
///
/// # Errors
///
/// If no thread can be started: then the job is dropped, and what it owns with it.
#[cfg(feature = "tokio")] // without a report at a deadline: a Python object, a service, a child process
pub fn submit<F>(make: impl FnOnce(Arc<Driver>) -> F + Send + 'static) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    REAPER.submit(Job::new(Driver::background(), make), None)
}

/// As [`submit`]. If the job is inside a call of the user's that has not returned at `limit`, `late` is called with the
/// path of the step that it is in; none if it is in a drop.
pub(crate) fn submit_within<F>(
    limit: Instant,
    late: impl FnOnce(Option<String>) + Send + 'static,
    make: impl FnOnce(Arc<Driver>) -> F + Send + 'static,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let driver = Driver::background();
    let stuck = Arc::clone(&driver);
    let late = Job::new(Driver::background(), move |_| async move { late(stuck.inside()) });
    REAPER.submit(Job::new(driver, make), Some(Late { limit, job: late }))
}
