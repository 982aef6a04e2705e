// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

fn asynchronous() -> pyo3_async_runtimes::testing::__rt::Running {
    async fn asynchronous() -> PyResult<()> {
        Ok(())
    }
    ::std::boxed::Box::pin(asynchronous())
}
pyo3_async_runtimes::inventory::submit! {
    pyo3_async_runtimes::testing::Test { name : ::core::concat!(::core::module_path!(),
    "::", ::core::stringify!(asynchronous)), test_fn : & asynchronous, }
}
fn blocking() -> pyo3_async_runtimes::testing::__rt::Running {
    fn blocking() -> PyResult<()> {
        Ok(())
    }
    pyo3_async_runtimes::testing::__rt::blocking(blocking)
}
pyo3_async_runtimes::inventory::submit! {
    pyo3_async_runtimes::testing::Test { name : ::core::concat!(::core::module_path!(),
    "::", ::core::stringify!(blocking)), test_fn : & blocking, }
}
pub fn blocking_with_the_loop() -> pyo3_async_runtimes::testing::__rt::Running {
    fn blocking_with_the_loop(event_loop: Py<PyAny>) -> PyResult<()> {
        Ok(())
    }
    pyo3_async_runtimes::testing::__rt::blocking_with_loop(blocking_with_the_loop)
}
pyo3_async_runtimes::inventory::submit! {
    pyo3_async_runtimes::testing::Test { name : ::core::concat!(::core::module_path!(),
    "::", ::core::stringify!(blocking_with_the_loop)), test_fn : &
    blocking_with_the_loop, }
}
