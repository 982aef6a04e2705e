#[must_shutdown(manual)]
struct Circle<'a> {
    #[shutdown(after = second)]
    first: &'a Tasks,
    #[shutdown(after = first)]
    second: Tasks,
}

#[derive(Teardown)]
struct Itself {
    #[shutdown(after = jobs)]
    jobs: Tasks,
}
