//! Queues jobs by the clock.

use std::str::FromStr;

use anyhow::Context as _;
use chrono::Local;
use croner::Cron;
use tokio_util::sync::CancellationToken;

use crate::job::Spec;
use crate::store::Store;

/// A cron pattern, with seconds if it has six fields, and the job that is queued whenever it matches.
#[derive(Clone, Debug)]
pub struct Schedule {
    pattern: Cron,
    spec: Spec,
}

/// `*/5 * * * * * = {"kind":"import","rows":10}`
impl FromStr for Schedule {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (pattern, spec) = text.split_once('=').context("a schedule is `pattern = job`")?;
        let pattern = Cron::from_str(pattern.trim())?;
        let spec = Spec::parse(spec.trim()).context("the part after the `=` is not a job")?;
        Ok(Schedule { pattern, spec })
    }
}

/// Queues what the schedules say until `stop`.
pub(crate) async fn keep(schedules: Vec<Schedule>, store: Store, stop: CancellationToken) {
    let mut last = Local::now();
    loop {
        let next =
            schedules.iter().filter_map(|schedule| schedule.pattern.find_next_occurrence(&last, false).ok()).min();
        let Some(next) = next else { return stop.cancelled().await };
        let until = (next - Local::now()).to_std().unwrap_or_default();
        if stop.run_until_cancelled(tokio::time::sleep(until)).await.is_none() {
            return;
        }
        for schedule in &schedules {
            if schedule.pattern.is_time_matching(&next).unwrap_or(false)
                && let Err(error) = store.enqueue(&schedule.spec, "cron").await
            {
                tracing::error!("cannot queue {}: {error}", schedule.spec);
            }
        }
        last = next;
    }
}
