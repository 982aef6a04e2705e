//! Plain threads and no runtime: `cargo run -p small --no-default-features --example no_tokio`.

use std::error::Error;
use std::time::Duration;

use sundown::{ShutdownGuard, Thread, must_shutdown};

#[must_shutdown(timeout = "5s")]
struct Station {
    #[shutdown]
    sampler: Thread,
    #[shutdown(after = sampler, close = Journal::close)]
    journal: Journal,
    guard: ShutdownGuard<Self>,
}

struct Journal;

impl Journal {
    fn close(&self) {
        println!("the journal is closed");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let sampler = Thread::spawn("sampler", |stop| {
        while !stop.wait_timeout(Duration::from_millis(100)) {
            println!("a sample");
        }
    })?;
    let mut station = Station { sampler, journal: Journal, guard: ShutdownGuard::new() };
    std::thread::sleep(Duration::from_millis(350));
    println!("{}", station.shutdown_blocking()?);
    Ok(())
}
