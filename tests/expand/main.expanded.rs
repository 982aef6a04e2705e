// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

/// Runs.
fn main() -> ::std::process::ExitCode {
    async fn main() -> PyResult<()> {
        serve().await
    }
    ::sundown_python::__rt::python::main(
        ::sundown_python::__rt::python::Flavor::CurrentThread,
        main(),
    )
}
