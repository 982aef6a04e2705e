#[pyo3_async_runtimes::tokio::main]
async fn main() -> u32 {
    0
}
