// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.

fn main() {
    #[allow(dead_code)]
    fn serve(port: u16) {
        run(port)
    }
}
::core::compile_error! {
    "`worker_threads` must be at least 1\nhelp: write a number, such as `worker_threads = 4`"
}
::core::compile_error! {
    "`serve` is not async\nhelp: write `async fn main`"
}
::core::compile_error! {
    "`#[main]` needs the function `main`\nhelp: rename `serve` to `main`"
}
::core::compile_error! {
    "`serve` takes no parameters\nhelp: read `std::env::args()`, or `sys.argv` of Python"
}
