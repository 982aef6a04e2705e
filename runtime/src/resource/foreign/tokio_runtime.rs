//! A tokio runtime that the value owns.

use tokio::runtime::Runtime;

use crate::resource::joiner::Joiner;
use crate::teardown::{Memo, Outcome, Teardown, Wait};

/// Taken out, and dropped on a thread of its own, which waits for its workers and its blocking tasks. Never on its own
/// worker: there it is told to stop ([`Runtime::shutdown_background`]) and reported as abandoned, because the shutdown
/// that would wait for it is one of its tasks.
impl Teardown for Option<Runtime> {
    fn request(&mut self, _memo: &mut Memo) {}

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            if let Some(runtime) = self.take() {
                if memo.drive.as_ref().is_some_and(|drive| drive.is_within(&runtime)) {
                    runtime.shutdown_background();
                    return Outcome::abandoned(
                        "the shutdown runs on this runtime itself: it was told to stop, and cannot be waited for",
                    );
                }
                let tasks = runtime.metrics().num_alive_tasks();
                if tasks > 0 {
                    memo.detail(format!("{tasks} tasks of it were cancelled"));
                }
                let name = memo.name().to_owned();
                memo.keep(|| Joiner::spawn(&name, move || drop(runtime)));
            }
            match memo.kept::<Joiner<()>>() {
                Some(joiner) => match joiner.wait().await {
                    Ok(()) => Outcome::Stopped,
                    Err(payload) => Outcome::from_panic(&*payload),
                },
                None => Outcome::Stopped,
            }
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        if let Some(runtime) = self.take() {
            runtime.shutdown_background();
        }
        match memo.kept::<Joiner<()>>().map(|joiner| joiner.thread_name().to_owned()) {
            Some(joiner) => memo.abandon(format!("a task of it blocks a thread; `{joiner}` still waits for it")),
            None => memo.abandon("it was told to stop, and not waited for"),
        }
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(self.take()))
    }
}
