use sundown::must_shutdown;

struct Runner;

#[must_shutdown]
impl Runner {}

fn main() {}
