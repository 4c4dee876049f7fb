//! Notifies the service manager (`sd_notify`), if there is one.

use std::time::Duration;

use sd_notify::NotifyState;

/// How the daemon does, in a line that `systemctl status` shows.
pub(crate) fn status(line: &str) {
    notify(&[NotifyState::Status(line)]);
}

/// The daemon does its work.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] follows.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "service manager not notified of the reload"),
    }
}

/// The daemon ends, and wants so much time for it.
pub(crate) fn stopping(within: Duration) {
    let within = u32::try_from(within.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(within)]);
}

/// How often to call [`alive`] if the service manager watches: twice as often as it requires.
pub(crate) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|interval| interval / 2)
}

/// The daemon is not stuck.
pub(crate) fn alive() {
    notify(&[NotifyState::Watchdog]);
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "service manager not notified");
    }
}
