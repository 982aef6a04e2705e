//! A periodic task. It ends between two beats.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::figures::Figures;
use crate::tasks::journal::Journal;

/// Between two beats.
const EVERY: Duration = Duration::from_millis(500);

/// Writes the figures to the journal until `stop`.
pub(crate) async fn beat(figures: Arc<Figures>, journal: Journal, stop: CancellationToken) {
    let mut beats = interval(EVERY);
    while stop.run_until_cancelled(beats.tick()).await.is_some() {
        journal.write(format!("heartbeat: {figures}")).await;
    }
}
