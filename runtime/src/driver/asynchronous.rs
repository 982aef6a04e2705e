//! The async driver: on tokio's timer, or on the thread of the alarms.

use std::future::{Future, poll_fn};
#[cfg(feature = "tokio")]
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "tokio")]
use std::pin::Pin;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Instant;

use super::alarms::{self, wake_at};
use super::{Clock, Driver};

/// The async driver: runs `future`, whose alarms are `driver`'s, on tokio's timer; outside a runtime, on that of the
/// alarms' thread.
pub async fn run<F: Future>(driver: &Driver, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut timer = Timer::new(driver.clock);
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            match driver.next_alarm() {
                Some(at) if timer.poll(at, cx).is_ready() => driver.ring(),
                _ => return Poll::Pending,
            }
        }
    })
    .await
}

/// What wakes the async driver at a time.
enum Timer {
    #[cfg(feature = "tokio")]
    Tokio(Option<Pin<Box<tokio::time::Sleep>>>),
    Alarms(Option<alarms::Alarm>),
}

impl Timer {
    fn new(clock: Clock) -> Self {
        match clock {
            #[cfg(feature = "tokio")]
            Clock::Tokio => Timer::Tokio(None),
            Clock::Std => Timer::Alarms(None),
        }
    }

    fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            #[cfg(feature = "tokio")]
            Timer::Tokio(sleep) => {
                // tokio panics over a runtime that was built without its timer, and nothing tells beforehand.
                let polled = catch_unwind(AssertUnwindSafe(|| poll_sleep(sleep, at, cx)));
                polled.unwrap_or_else(|_| {
                    *self = Timer::Alarms(None);
                    self.poll(at, cx)
                })
            }
            Timer::Alarms(alarm) => {
                if Instant::now() >= at {
                    return Poll::Ready(());
                }
                if !alarm.as_ref().is_some_and(|alarm| alarm.is_for(at, cx.waker())) {
                    *alarm = Some(wake_at(at, cx.waker().clone()));
                }
                Poll::Pending
            }
        }
    }
}

#[cfg(feature = "tokio")]
fn poll_sleep(sleep: &mut Option<Pin<Box<tokio::time::Sleep>>>, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
    let at = tokio::time::Instant::from_std(at);
    let sleep = sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
    if sleep.deadline() != at {
        sleep.as_mut().reset(at);
    }
    // Others in the same task may have used up its budget, time and again.
    pin!(tokio::task::unconstrained(sleep.as_mut())).poll(cx)
}
