//! The generated methods of an annotated value: as in the core, but their error is one that `?` hands on to Python.

use std::sync::Arc;
use std::time::Duration;

use sundown::__rt as core;
use sundown::__rt::{Annotated, AnnotatedShared};
use sundown::Report;

use crate::error::ShutdownError;

type Result = std::result::Result<Report, ShutdownError>;

/// `shutdown` and `shutdown_within`.
pub async fn shutdown<V: Annotated>(value: &mut V, timeout: Option<Duration>) -> Result {
    Ok(core::shutdown(value, timeout).await?)
}

/// `shutdown` and `shutdown_within` of a `shared` type.
pub async fn shutdown_shared<V: AnnotatedShared>(value: &V, timeout: Option<Duration>) -> Result {
    Ok(core::shutdown_shared(value, timeout).await?)
}

/// `shutdown_blocking`.
pub fn shutdown_blocking<V: Annotated>(value: &mut V) -> Result {
    Ok(core::shutdown_blocking(value)?)
}

/// `shutdown_blocking` of a `shared` type.
pub fn shutdown_shared_blocking<V: AnnotatedShared>(value: &V) -> Result {
    Ok(core::shutdown_shared_blocking(value)?)
}

/// `with_shutdown`: a panic of `f` goes on after the shutdown.
pub async fn with_shutdown<V, F, T>(value: V, f: F) -> (T, Result)
where
    V: Annotated,
    F: AsyncFnOnce(&mut V) -> T,
{
    let (output, result) = core::with_shutdown(value, f).await;
    (output, result.map_err(ShutdownError::from))
}

/// `with_shutdown` of a `shared` type.
pub async fn with_shutdown_shared<V, F, T>(value: Arc<V>, f: F) -> (T, Result)
where
    V: AnnotatedShared,
    F: AsyncFnOnce(&Arc<V>) -> T,
{
    let (output, result) = core::with_shutdown_shared(value, f).await;
    (output, result.map_err(ShutdownError::from))
}
