//! A rayon pool that counts words. It belongs to one [`Thread`], which has ended when every thread of the pool has.

use std::sync::mpsc;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use sundown::Thread;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Gives jobs to the pool, which ends with it.
pub(crate) struct Counter {
    jobs: mpsc::Sender<Job>,
}

/// Starts the pool. With `stuck` one of its threads gets a job that never ends.
pub(crate) fn start(stuck: bool) -> std::io::Result<(Thread, Counter)> {
    let (jobs, queue) = mpsc::channel::<Job>();
    let pool = Thread::spawn("count", move |_| {
        let builder = ThreadPoolBuilder::new().num_threads(2).thread_name(|number| format!("count-{number}"));
        builder.build_scoped(rayon::ThreadBuilder::run, |pool| {
            pool.in_place_scope(|jobs| queue.into_iter().for_each(|job| jobs.spawn(|_| job())));
        })
    })?;
    let counter = Counter { jobs };
    if stuck {
        counter.run(|| {
            loop {
                std::thread::park();
            }
        });
    }
    Ok((pool, counter))
}

impl Counter {
    /// How many words there are. None, if the pool has ended.
    pub(crate) async fn words(&self, text: String) -> Option<usize> {
        let (answer, counted) = oneshot::channel();
        self.run(move || {
            let words = text.par_lines().map(|line| line.split_whitespace().count()).sum();
            let _ = answer.send(words); // nobody asks any more
        });
        counted.await.ok()
    }

    fn run(&self, job: impl FnOnce() + Send + 'static) {
        let _ = self.jobs.send(Box::new(job)); // an answer that never comes says that it has ended
    }
}
