//! Where events go, other than into the log.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{components::Trouble, state::LiveState, status::PbxState};

/// Where one event goes, other than into the log.
pub(super) struct Sinks<'a> {
    pub(super) live: &'a LiveState,
    pub(super) status: &'a StatusLine,
    /// When it was emitted.
    pub(super) now: Timestamp,
}

impl Sinks<'_> {
    /// Shows the state of the connection to a PBX.
    pub(super) fn set_pbx(&self, pbx: &str, state: PbxState, trouble: Option<Trouble>) {
        let is_connected = matches!(state, PbxState::Connected | PbxState::InSync);
        self.live.metrics().set_pbx(pbx, is_connected, state == PbxState::InSync);
        self.live.components().set_pbx_state(pbx, state, trouble, self.now);
    }

    /// Shows what keeps the journal from being written, if anything does.
    pub(super) fn set_journal(&self, trouble: Option<Trouble>) {
        self.live.metrics().set_journal_writable(trouble.is_none());
        match &trouble {
            Some(trouble) => self.status.set("journal", &format!("cannot be written: {}", trouble.reason)),
            None => self.status.clear("journal"),
        }
        self.live.components().set_journal_trouble(trouble, self.now);
    }

    /// Shows why the configuration file cannot be used, if it cannot.
    pub(super) fn set_configuration(&self, trouble: Option<Trouble>) {
        match trouble {
            Some(_) => self.status.set("configuration", "rejected, the previous one stays in use"),
            None => self.status.clear("configuration"),
        }
        self.live.components().set_configuration_trouble(trouble, self.now);
    }
}

/// The states of all components in one line, for the service manager.
pub(super) struct StatusLine {
    states: Mutex<BTreeMap<String, String>>,
    publish: Box<dyn Fn(&str) + Send + Sync>,
}

impl StatusLine {
    /// A line that is given to `publish` when it changes.
    pub(super) fn new(publish: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { states: Mutex::default(), publish: Box::new(publish) }
    }

    pub(super) fn set(&self, component: &str, state: &str) {
        self.change(|states| {
            states.insert(component.to_owned(), state.to_owned()).is_none_or(|before| before != state)
        });
    }

    pub(super) fn clear(&self, component: &str) {
        self.change(|states| states.remove(component).is_some());
    }

    /// Publishes the line if `change` says that a state is another one.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>) -> bool) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if change(&mut states) {
            (self.publish)(&in_one_line(&states));
        }
    }
}

impl fmt::Debug for StatusLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusLine").field("states", &self.states).finish_non_exhaustive()
    }
}

fn in_one_line(states: &BTreeMap<String, String>) -> String {
    let states: Vec<_> = states.iter().map(|(component, state)| format!("{component}: {state}")).collect();
    // A line break would end the status and start another field of the notification.
    states.join("; ").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_one_line() {
        let states = [("pbx main", "connected"), ("target zammad", "misconfigured:\nREADY=1")];
        let states = states.map(|(component, state)| (component.to_owned(), state.to_owned()));
        assert_eq!(in_one_line(&states.into()), "pbx main: connected; target zammad: misconfigured: READY=1");
    }
}
