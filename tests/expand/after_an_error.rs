#[must_shutdown(timeout = "soon")]
pub struct Broken<T> {
    #[shutdown(after = nothing)]
    jobs: Tasks,
    value: T,
}
