use sundown::{Tasks, must_shutdown};

#[must_shutdown(timeout = 10, on_dorp = "log")]
struct Runner {
    #[shutdown(after = b)]
    a: Tasks,
    #[shutdown(after = a, timeout = "ten")]
    b: Tasks,
    #[shutdown(skip, timeout = "1s")]
    c: Tasks,
    #[shutdown]
    #[shutdown]
    d: Tasks,
}

fn main() {}
