/// Runs.
#[main(flavor = "current_thread")]
async fn main() -> PyResult<()> {
    serve().await
}
