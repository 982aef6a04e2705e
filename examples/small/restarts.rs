//! A member of a group that fails is started again, with growing delays; when it has used them up, the service stops.

use std::iter::successors;
use std::time::Duration;

use sundown::{Exit, Group, ShutdownGuard, must_shutdown};

#[must_shutdown]
struct Service {
    #[shutdown]
    feeds: Group,
    guard: ShutdownGuard<Self>,
}

async fn poll() {
    println!("connected");
    tokio::time::sleep(Duration::from_millis(50)).await;
    panic!("the connection is lost");
}

fn main() -> Exit {
    sundown::run(async |_| {
        let feeds = Group::new("feeds");
        let delays = successors(Some(Duration::from_millis(10)), |delay| Some(*delay * 2));
        feeds.restarting("prices", delays.take(3), async || anyhow::Ok(tokio::spawn(poll())))?;
        anyhow::Ok(Service { feeds, guard: ShutdownGuard::new() })
    })
}
