//! A descriptor that is readable when a time is over: for a runtime whose I/O is turned, and perhaps no timer.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

#[cfg(target_os = "linux")]
pub(super) fn timer(pause: Duration) -> io::Result<OwnedFd> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };

    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
    let once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let pause = Timespec::try_from(pause).map_err(io::Error::other)?;
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: once, it_value: pause })?;
    Ok(timer)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn timer(pause: Duration) -> io::Result<OwnedFd> {
    use rustix::event::kqueue::EventFilter;

    use super::queue;

    Ok(queue::with(EventFilter::Timer { ident: 0, timer: Some(pause) })?)
}
