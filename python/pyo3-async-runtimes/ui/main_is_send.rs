use std::rc::Rc;

use pyo3::prelude::*;

#[pyo3_async_runtimes::tokio::main]
async fn main() -> PyResult<()> {
    let shared = Rc::new(1);
    tokio::task::yield_now().await;
    drop(shared);
    Ok(())
}
