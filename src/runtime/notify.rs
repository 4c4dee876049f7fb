//! What the service manager is told (`sd_notify`). Without one, nothing is said.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sd_notify::NotifyState;

/// How each part is doing, in a line that `systemctl status` shows. Clones are the same board.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<String, String>>>);

impl Board {
    /// `part` is doing so from now on.
    pub(crate) fn set(&self, part: &str, state: impl Into<String>) {
        self.change(|parts| {
            parts.insert(part.to_owned(), state.into());
        });
    }

    /// `part` is no more.
    pub(crate) fn remove(&self, part: &str) {
        self.change(|parts| {
            parts.remove(part);
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut parts);
        let line = line(&parts);
        drop(parts);
        notify(&[NotifyState::Status(&line)]);
    }
}

fn line(parts: &BTreeMap<String, String>) -> String {
    let parts: Vec<_> = parts.iter().map(|(part, state)| format!("{part}: {state}")).collect();
    // A line break would end the state and begin another.
    parts.join("; ").replace(char::is_control, " ")
}

/// The daemon does its work.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] follows.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the service manager was not told of the reload"),
    }
}

/// The daemon ends, and wants so much time for it.
pub(crate) fn stopping(within: Duration) {
    let within = u32::try_from(within.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(within)]);
}

/// How often [`alive`] is to be said, if the service manager watches; twice as often as it asks for.
pub(crate) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|interval| interval / 2)
}

/// The daemon is not stuck.
pub(crate) fn alive() {
    notify(&[NotifyState::Watchdog]);
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_one_line() {
        let parts = [("main", "connected"), ("zammad", "held:\nREADY=1")];
        let parts = parts.map(|(part, state)| (part.to_owned(), state.to_owned()));
        assert_eq!(line(&parts.into()), "main: connected; zammad: held: READY=1");
    }
}
