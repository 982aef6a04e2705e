/// Has words of its own.
#[must_use = "spawns nothing by itself"]
#[derive(Debug)]
#[must_shutdown]
pub struct Own {
    /// These too.
    #[shutdown]
    pub jobs: Tasks,
    guard: ShutdownGuard<Self>,
}
