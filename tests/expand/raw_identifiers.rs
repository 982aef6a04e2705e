#[must_shutdown]
pub struct r#Box {
    #[shutdown]
    r#async: Tasks,
    #[shutdown(after = r#async, with = r#Pool::r#move)]
    r#loop: r#Pool,
    r#match: u8,
    r#yield: ShutdownGuard<Self>,
}
