use sundown::must_shutdown;

#[must_shutdown]
pub async fn shutdown() {}

fn main() {}
