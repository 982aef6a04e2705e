use pyo3::prelude::*;

#[pyo3_async_runtimes::async_std::test]
async fn it_sleeps() -> PyResult<()> {
    Ok(())
}

fn main() {}
