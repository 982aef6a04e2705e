//! Waits for what ends by itself, while the value runs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::driver::catch;
use crate::plan::{Spec, Step, now};
use crate::teardown::together::Together;
use crate::teardown::{Ended, OnEnd, Outcome, Progress, Teardown as _};

/// The next end of a step that nobody has requested; none if no step is left that ends by itself. `on_end` says of steps,
/// by their index, what their end means.
pub(crate) async fn watch(
    spec: &'static Spec,
    on_end: &'static [(usize, OnEnd)],
    mut steps: Vec<Step<'_>>,
    progress: &mut Progress,
) -> Option<Ended> {
    spec.prepare(progress);
    let context = progress.context.clone();
    progress.children.iter_mut().for_each(|child| child.context = context.clone());
    let running = Together::new();
    for (i, (step, child)) in steps.iter_mut().zip(&mut progress.children).enumerate() {
        if child.outcome.is_none() {
            let meaning = on_end.iter().find(|(step, _)| *step == i).map(|(_, on_end)| *on_end);
            running.push(async move { Some(watch_step(step, child).await?.meaning(meaning)) });
        }
    }
    running.first().await
}

/// As [`watch`], of one step. If it is over, so is its `Progress`.
pub(crate) async fn watch_step(step: &mut Step<'_>, progress: &mut Progress) -> Option<Ended> {
    let watched = {
        let mut watch = Box::pin(catch(async { step.watch(progress).await }));
        let watched = watch.as_mut().await;
        // A future of a user's may panic in its drop, too.
        catch_unwind(AssertUnwindSafe(|| drop(watch))).and(watched)
    };
    match watched {
        Ok(ended) => {
            let ended = ended?;
            if !ended.is_part() {
                let now = now(progress);
                progress.finish(ended.outcome().clone(), now);
            }
            Some(ended.of_step(&progress.name))
        }
        Err(payload) => {
            progress.problem(Outcome::caught(payload));
            None
        }
    }
}
