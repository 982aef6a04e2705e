//! A kqueue for one event: it is readable when there is one.

use std::os::fd::OwnedFd;
use std::ptr;

use rustix::event::Timespec;
use rustix::event::kqueue::{Event, EventFilter, EventFlags, kevent_timespec, kqueue};
use rustix::io::Result;

pub(super) fn with(event: EventFilter) -> Result<OwnedFd> {
    let queue = kqueue()?;
    let change = Event::new(event, EventFlags::ADD, ptr::null_mut());
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut none: [Event; 0] = [];
    add(&queue, &[change], &mut none, &now)?;
    Ok(queue)
}

#[allow(unsafe_code, reason = "rustix cannot know that what is watched is open")]
fn add(queue: &OwnedFd, changes: &[Event], events: &mut [Event], now: &Timespec) -> Result<()> {
    // SAFETY: no descriptor is watched.
    unsafe { kevent_timespec(queue, changes, events, Some(now)) }.map(drop)
}
