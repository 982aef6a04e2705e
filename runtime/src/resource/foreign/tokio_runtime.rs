//! A tokio runtime that the value owns.

use tokio::runtime::Runtime;

use crate::resource::joiner::Joiner;
use crate::teardown::{Outcome, Progress, Teardown, Wait};

/// Taken out, and dropped on a thread of its own, which waits for its workers and its blocking tasks. Never on its own
/// worker: there it is requested to stop ([`Runtime::shutdown_background`]) and reported as abandoned, because the shutdown
/// that would wait for it is one of its tasks.
impl Teardown for Option<Runtime> {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            if let Some(runtime) = self.take() {
                if progress.driver.as_ref().is_some_and(|driver| driver.is_within(&runtime)) {
                    runtime.shutdown_background();
                    return Outcome::abandoned(
                        "the shutdown runs on this runtime itself: it was told to stop, and cannot be waited for",
                    );
                }
                let tasks = runtime.metrics().num_alive_tasks();
                if tasks > 0 {
                    progress.detail(format!("{tasks} tasks of it were cancelled"));
                }
                let name = progress.name().to_owned();
                progress.keep(|| Joiner::spawn(&name, move || drop(runtime)));
            }
            match progress.kept::<Joiner<()>>() {
                Some(joiner) => match joiner.wait().await {
                    Ok(()) => Outcome::Stopped,
                    Err(payload) => Outcome::from_panic(&*payload),
                },
                None => Outcome::Stopped,
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(runtime) = self.take() {
            runtime.shutdown_background();
        }
        match progress.kept::<Joiner<()>>().map(|joiner| joiner.thread_name().to_owned()) {
            Some(joiner) => progress.abandon(format!("a task of it blocks a thread; `{joiner}` still waits for it")),
            None => progress.abandon("it was told to stop, and not waited for"),
        }
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(self.take()))
    }
}
