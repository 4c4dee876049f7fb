//! How each part of the daemon does.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

/// How the connection to a PBX stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PbxState {
    /// It is being made.
    #[default]
    Connecting,
    /// There is one; the list of channels is not complete yet.
    Connected,
    /// There is one, and every channel is known.
    Reconciled,
    /// The PBX does not want it: a wrong login, an access list, a certificate.
    Refused,
    /// There is no way to the PBX.
    Unreachable,
}

impl PbxState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconciled => "reconciled",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
        }
    }
}

/// How a PBX does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PbxStatus {
    /// Its name.
    pub name: String,
    /// Where its manager interface is.
    pub address: String,
    /// How the connection stands.
    pub state: PbxState,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Since when it stands so.
    pub since: Timestamp,
    /// What the PBX says it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it said something last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event: Option<Timestamp>,
    /// How often the connection was made anew since the daemon began.
    pub reconnects: u64,
    /// How many channels are being followed.
    pub channels: usize,
    /// How many calls are going on.
    pub calls: usize,
}

/// How an endpoint does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EndpointStatus {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub dialect: String,
    /// `well`, `failing`, `held` (a setting is wrong, here or there), `paused` (by the operator) or `disabled` (it says
    /// that it is gone).
    pub state: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// How many deliveries wait in memory.
    pub waiting: usize,
    /// How many calls wait because a try has failed.
    pub retrying: usize,
    /// How many deliveries are on their way.
    pub in_flight: usize,
    /// How many were delivered since the daemon began.
    pub delivered: u64,
    /// How many were given up since then.
    pub dead: u64,
    /// How many became too late since then.
    pub expired: u64,
    /// How many the operator dropped since then.
    pub dropped: u64,
    /// Whether more wait on disk.
    pub more: bool,
}

/// Whether one part does what it is there for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// `pbx NAME`, `endpoint NAME`, `journal` or `configuration`.
    pub part: String,
    /// Whether it does.
    pub ok: bool,
    /// Whether the daemon is not ready without it.
    pub counts: bool,
    /// How it stands, in a word.
    pub state: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// Whether the daemon does what it is there for, and how its parts do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Health {
    /// Whether every part that counts is well.
    pub ready: bool,
    /// The parts.
    pub parts: Vec<Part>,
}

/// How each part does, by kind and name. Clones of the change notice see every change.
#[derive(Debug)]
pub struct Parts {
    known: Mutex<Known>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    pbxs: BTreeMap<String, PbxStatus>,
    endpoints: BTreeMap<String, EndpointStatus>,
    /// What else is wrong: by part, the reason, what to do, and since when.
    troubles: BTreeMap<&'static str, (String, Option<String>, Timestamp)>,
}

/// The part that is the journal.
const JOURNAL: &str = "journal";

/// The part that is the configuration.
const CONFIGURATION: &str = "configuration";

impl Default for Parts {
    fn default() -> Self {
        Self { known: Mutex::default(), changes: watch::Sender::new(()) }
    }
}

impl Parts {
    /// A PBX is configured, at `address`.
    pub fn add_pbx(&self, name: &str, address: String, now: Timestamp) {
        self.change(|known| {
            let fresh = PbxStatus {
                name: name.to_owned(),
                address: address.clone(),
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
            known.pbxs.entry(name.to_owned()).or_insert(fresh).address = address;
        });
    }

    /// The connection to a PBX stands otherwise, or for another reason.
    pub fn pbx_is(
        &self,
        name: &str,
        state: PbxState,
        trouble: Option<(String, Option<String>)>,
        now: Timestamp,
    ) {
        self.change(|known| {
            let Some(pbx) = known.pbxs.get_mut(name) else { return };
            if pbx.state != state {
                pbx.since = now;
            }
            pbx.state = state;
            (pbx.detail, pbx.hint) = trouble.map_or((None, None), |(detail, hint)| (Some(detail), hint));
        });
    }

    /// A connection to a PBX was made, to one that speaks `version`; says whether there was one before.
    pub fn pbx_speaks(&self, name: &str, version: String) -> bool {
        let mut known = self.known();
        let Some(pbx) = known.pbxs.get_mut(name) else { return false };
        let again = pbx.version.replace(version).is_some();
        pbx.reconnects += u64::from(again);
        again
    }

    /// Something came from a PBX of which so many channels are known.
    pub fn pbx_said(&self, name: &str, channels: usize, now: Timestamp) {
        if let Some(pbx) = self.known().pbxs.get_mut(name) {
            pbx.last_event = Some(now);
            pbx.channels = channels;
        }
    }

    /// A PBX is configured no more.
    pub fn remove_pbx(&self, name: &str) {
        self.change(|known| {
            known.pbxs.remove(name);
        });
    }

    /// How the endpoints do, all of them. Only a state that changes is a change.
    pub fn endpoints_are(&self, statuses: Vec<EndpointStatus>) {
        let mut known = self.known();
        let mut changed = known.endpoints.len() != statuses.len();
        let before = std::mem::take(&mut known.endpoints);
        for mut status in statuses {
            match before.get(&status.name) {
                Some(old) if old.state == status.state => status.since = old.since,
                _ => changed = true,
            }
            changed |= before.get(&status.name).is_none_or(|old| old.reason != status.reason);
            known.endpoints.insert(status.name.clone(), status);
        }
        drop(known);
        if changed {
            self.changes.send_replace(());
        }
    }

    /// The journal cannot be written, or can be again.
    pub fn journal_is(&self, trouble: Option<(String, Option<String>)>, now: Timestamp) {
        self.trouble(JOURNAL, trouble, now);
    }

    /// A new configuration cannot be used, or one could be.
    pub fn configuration_is(&self, trouble: Option<(String, Option<String>)>, now: Timestamp) {
        self.trouble(CONFIGURATION, trouble, now);
    }

    fn trouble(&self, part: &'static str, trouble: Option<(String, Option<String>)>, now: Timestamp) {
        self.change(|known| match trouble {
            Some((reason, hint)) => {
                let since = known.troubles.get(part).map_or(now, |(.., since)| *since);
                known.troubles.insert(part, (reason, hint, since));
            }
            None => {
                known.troubles.remove(part);
            }
        });
    }

    /// The PBXs, by name; how many calls each has is not filled in.
    #[must_use]
    pub fn pbxs(&self) -> Vec<PbxStatus> {
        self.known().pbxs.values().cloned().collect()
    }

    /// The endpoints, by name.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        self.known().endpoints.values().cloned().collect()
    }

    /// Whether the journal can be written.
    #[must_use]
    pub fn journal_is_well(&self) -> bool {
        !self.known().troubles.contains_key(JOURNAL)
    }

    /// Whether the daemon does what it is there for, and how its parts do; `began` is when it began.
    #[must_use]
    pub fn health(&self, began: Timestamp) -> Health {
        let known = self.known();
        let pbxs = known.pbxs.values().map(|pbx| Part {
            part: format!("pbx {}", pbx.name),
            ok: pbx.state == PbxState::Reconciled,
            counts: true,
            state: pbx.state.as_str().to_owned(),
            reason: pbx.detail.clone(),
            hint: pbx.hint.clone(),
            since: pbx.since,
        });
        let well = |part: &'static str, counts| match known.troubles.get(part) {
            Some((reason, hint, since)) => Part {
                part: part.to_owned(),
                ok: false,
                counts,
                state: "failing".to_owned(),
                reason: Some(reason.clone()),
                hint: hint.clone(),
                since: *since,
            },
            None => Part {
                part: part.to_owned(),
                ok: true,
                counts,
                state: "well".to_owned(),
                reason: None,
                hint: None,
                since: began,
            },
        };
        let endpoints = known.endpoints.values().map(|endpoint| Part {
            part: format!("endpoint {}", endpoint.name),
            ok: endpoint.state == "well",
            counts: false,
            state: endpoint.state.clone(),
            reason: endpoint.reason.clone(),
            hint: None,
            since: endpoint.since,
        });
        let parts: Vec<_> =
            pbxs.chain([well(JOURNAL, true), well(CONFIGURATION, false)]).chain(endpoints).collect();
        Health { ready: parts.iter().all(|part| part.ok || !part.counts), parts }
    }

    /// Sees every change of state from here on, in as far as the last one is always seen.
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
