use sundown::must_shutdown;

#[must_shutdown]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
