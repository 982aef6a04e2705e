use sundown::must_shutdown;

#[must_shutdown]
const LIMIT: u32 = 1;

fn main() {}
