#[main(worker_threads = 0)]
fn serve(port: u16) {
    run(port)
}
