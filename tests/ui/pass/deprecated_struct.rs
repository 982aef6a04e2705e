//! What is generated for a deprecated struct does not warn of it.

#![deny(warnings)]

use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};

#[must_shutdown]
#[deprecated(note = "use another")]
pub struct Runner<'a> {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(request = |token| token.cancel())]
    token: tokio_util::sync::CancellationToken,
    #[deprecated]
    pub name: &'a str,
    #[deprecated]
    #[shutdown]
    pub others: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(shared)]
#[deprecated]
pub struct SharedRunner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(manual)]
#[deprecated]
pub struct Manual {
    guard: ShutdownGuard<Self>,
}

#[derive(Teardown)]
#[deprecated]
pub struct Inner<T> {
    #[shutdown]
    jobs: Tasks,
    pub value: Option<T>,
}

fn main() {}
