#[shutdown]
struct Runner;

fn main() {}
