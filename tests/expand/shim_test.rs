#[test]
async fn asynchronous() -> PyResult<()> {
    Ok(())
}

#[test]
fn blocking() -> PyResult<()> {
    Ok(())
}

#[test]
pub fn blocking_with_the_loop(event_loop: Py<PyAny>) -> PyResult<()> {
    Ok(())
}
