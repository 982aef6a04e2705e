//! The service manager that has started the process, and hears of its life.

#[cfg(all(unix, feature = "systemd"))]
mod systemd;

#[cfg(all(unix, feature = "systemd"))]
pub(super) use systemd::ServiceManager;

/// None that hears anything: without the feature `systemd`, and where there is no systemd.
#[cfg(not(all(unix, feature = "systemd")))]
pub(super) struct ServiceManager;

#[cfg(not(all(unix, feature = "systemd")))]
impl ServiceManager {
    pub(super) fn connect() -> Self {
        ServiceManager
    }

    pub(super) fn ready(&self) {}

    pub(super) fn stopping(&self, _reason: &dyn std::fmt::Display, _within: std::time::Duration) {}

    pub(super) fn end(&self, _exit: &dyn std::fmt::Display) {}
}
