//! The components of the daemon: PBXs, targets, the journal and the configuration.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::status::{Component, HealthReport, PbxState, PbxStatus, TargetStatus};

/// The state of each component, by kind and name.
#[derive(Debug)]
pub struct Components {
    known: Mutex<Known>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    pbxs: BTreeMap<String, PbxStatus>,
    targets: BTreeMap<String, TargetStatus>,
    /// What is wrong with the journal or the configuration, and since when.
    troubles: BTreeMap<&'static str, (Trouble, Timestamp)>,
}

/// What is wrong with a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Trouble {
    /// A trouble with this reason, and this hint unless it is empty.
    #[must_use]
    pub fn new(reason: &str, hint: &str) -> Self {
        Self { reason: reason.to_owned(), hint: Some(hint.to_owned()).filter(|hint| !hint.is_empty()) }
    }
}

/// The component that is the journal.
const JOURNAL: &str = "journal";

/// The component that is the configuration.
const CONFIGURATION: &str = "configuration";

impl Default for Components {
    fn default() -> Self {
        Self { known: Mutex::default(), changes: watch::Sender::new(()) }
    }
}

impl Components {
    /// Adds a PBX, or sets the address of one that is known.
    pub fn add_pbx(&self, name: &str, address: &str, now: Timestamp) {
        self.change(|known| {
            let added = PbxStatus {
                name: name.to_owned(),
                address: String::new(),
                state: PbxState::default(),
                detail: None,
                hint: None,
                since: now,
                version: None,
                last_event: None,
                reconnects: 0,
                channels: 0,
                calls: 0,
            };
            address.clone_into(&mut known.pbxs.entry(name.to_owned()).or_insert(added).address);
        });
    }

    /// Sets the state of the connection to a PBX, and what is wrong with it.
    pub fn set_pbx_state(&self, name: &str, state: PbxState, trouble: Option<Trouble>, now: Timestamp) {
        self.change(|known| {
            let Some(pbx) = known.pbxs.get_mut(name) else { return };
            if pbx.state != state {
                pbx.since = now;
            }
            pbx.state = state;
            (pbx.detail, pbx.hint) = trouble.map_or((None, None), |it| (Some(it.reason), it.hint));
        });
    }

    /// Records a new connection to a PBX that speaks `version`. Returns whether there was one before.
    pub fn record_connection(&self, name: &str, version: &str) -> bool {
        let mut known = self.known();
        let Some(pbx) = known.pbxs.get_mut(name) else { return false };
        let is_reconnect = pbx.version.replace(version.to_owned()).is_some();
        pbx.reconnects += u64::from(is_reconnect);
        is_reconnect
    }

    /// Records that packets came from a PBX, of which `channels` channels are tracked now.
    pub fn record_packets(&self, name: &str, channels: usize, now: Timestamp) {
        if let Some(pbx) = self.known().pbxs.get_mut(name) {
            pbx.last_event = Some(now);
            pbx.channels = channels;
        }
    }

    /// Removes a PBX.
    pub fn remove_pbx(&self, name: &str) {
        self.change(|known| {
            known.pbxs.remove(name);
        });
    }

    /// Replaces the states of all targets. Only another state or reason counts as a change.
    pub fn set_targets(&self, statuses: Vec<TargetStatus>) {
        let mut known = self.known();
        let mut is_changed = known.targets.len() != statuses.len();
        let before = std::mem::take(&mut known.targets);
        for mut status in statuses {
            match before.get(&status.name) {
                Some(old) if old.state == status.state => status.since = old.since,
                _ => is_changed = true,
            }
            is_changed |= before.get(&status.name).is_none_or(|old| old.reason != status.reason);
            known.targets.insert(status.name.clone(), status);
        }
        drop(known);
        if is_changed {
            self.changes.send_replace(());
        }
    }

    /// Sets what keeps the journal from being written, if anything does.
    pub fn set_journal_trouble(&self, trouble: Option<Trouble>, now: Timestamp) {
        self.set_trouble(JOURNAL, trouble, now);
    }

    /// Sets why the configuration file cannot be used, if it cannot.
    pub fn set_configuration_trouble(&self, trouble: Option<Trouble>, now: Timestamp) {
        self.set_trouble(CONFIGURATION, trouble, now);
    }

    fn set_trouble(&self, component: &'static str, trouble: Option<Trouble>, now: Timestamp) {
        self.change(|known| match trouble {
            Some(trouble) => {
                let since = known.troubles.get(component).map_or(now, |(_, since)| *since);
                known.troubles.insert(component, (trouble, since));
            }
            None => {
                known.troubles.remove(component);
            }
        });
    }

    /// The PBXs, by name. Their numbers of calls are not filled in.
    #[must_use]
    pub fn pbxs(&self) -> Vec<PbxStatus> {
        self.known().pbxs.values().cloned().collect()
    }

    /// The targets, by name.
    #[must_use]
    pub fn targets(&self) -> Vec<TargetStatus> {
        self.known().targets.values().cloned().collect()
    }

    /// Whether the daemon is ready, and the state of each component; `started_at` is when the daemon started.
    #[must_use]
    pub fn report(&self, started_at: Timestamp) -> HealthReport {
        let known = self.known();
        let pbxs = known.pbxs.values().map(pbx_component);
        let own = [(JOURNAL, true), (CONFIGURATION, false)]
            .map(|(name, required)| own_component(name, required, known.troubles.get(name), started_at));
        let targets = known.targets.values().map(target_component);
        let components: Vec<_> = pbxs.chain(own).chain(targets).collect();
        HealthReport { ready: components.iter().all(|it| it.ok || !it.required), components }
    }

    /// Notifies of every change of state from here on; several changes may be notified of as one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known());
        self.changes.send_replace(());
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pbx_component(pbx: &PbxStatus) -> Component {
    Component {
        name: format!("pbx {}", pbx.name),
        ok: pbx.state == PbxState::InSync,
        required: true,
        state: pbx.state.as_str().to_owned(),
        reason: pbx.detail.clone(),
        hint: pbx.hint.clone(),
        since: pbx.since,
    }
}

fn target_component(target: &TargetStatus) -> Component {
    Component {
        name: format!("target {}", target.name),
        ok: target.is_ok(),
        required: false,
        state: target.state.clone(),
        reason: target.reason.clone(),
        hint: None,
        since: target.since,
    }
}

fn own_component(
    name: &str,
    required: bool,
    trouble: Option<&(Trouble, Timestamp)>,
    started_at: Timestamp,
) -> Component {
    let (state, reason, hint, since) = match trouble {
        Some((trouble, since)) => ("failing", Some(trouble.reason.clone()), trouble.hint.clone(), *since),
        None => ("ok", None, None, started_at),
    };
    Component {
        name: name.to_owned(),
        ok: trouble.is_none(),
        required,
        state: state.to_owned(),
        reason,
        hint,
        since,
    }
}
