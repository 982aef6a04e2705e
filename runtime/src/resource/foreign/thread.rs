//! A bare OS thread.

use std::thread::{self, JoinHandle};

use crate::resource::joiner::Joiner;
use crate::teardown::{Outcome, Progress, Teardown, Wait};

/// Not asked by anything: what it listens to is a field of its own. std has no event for the end of a thread, so
/// another thread joins it; [`Thread`](crate::Thread) needs none. A thread that returned an `Err` has failed, as a task
/// has. One that would join itself is reported as abandoned.
impl<T: Send + 'static> Teardown for Option<JoinHandle<T>> {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            if let Some(handle) = self.take() {
                let joined = handle.thread().id();
                let waits_for_itself = thread::current().id() == joined
                    || progress.driver.as_ref().is_some_and(|driver| driver.blocks_thread(joined));
                if waits_for_itself {
                    return Outcome::abandoned(format!("{} would wait for itself", name(&handle)));
                }
                progress.detail(name(&handle));
                let step = progress.name().to_owned();
                progress.keep(|| match handle.is_finished() {
                    true => Joiner::finished(move || handle.join()),
                    false => Joiner::spawn(&step, move || handle.join()),
                });
            }
            match progress.kept::<Joiner<thread::Result<T>>>() {
                Some(joiner) => match joiner.wait().await {
                    Ok(Ok(output)) => progress.judge(output),
                    Ok(Err(payload)) | Err(payload) => Outcome::from_panic(&*payload),
                },
                None => Outcome::Stopped,
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        match progress.kept::<Joiner<thread::Result<T>>>().map(|joiner| joiner.thread_name().to_owned()) {
            Some(joiner) => progress.abandon(format!("a thread cannot be forced; `{joiner}` still waits for it")),
            None => progress.abandon("a thread cannot be forced"),
        }
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(self.take()))
    }
}

fn name<T>(handle: &JoinHandle<T>) -> String {
    match handle.thread().name() {
        Some(name) => format!("thread `{name}`"),
        None => format!("an unnamed thread ({:?})", handle.thread().id()),
    }
}
