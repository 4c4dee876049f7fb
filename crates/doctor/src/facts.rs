//! How everything stands: what was gathered, to be judged.

use std::path::PathBuf;

use jiff::Timestamp;
use ringwire_config::{Config, ConfigError};
use ringwire_live::PbxDiagnosis;

use crate::judge::{
    calls::CallsFacts,
    daemon::DaemonFacts,
    endpoint::EndpointFacts,
    files::{FileFacts, User},
    journal::JournalFacts,
    pbx::PbxFacts,
    service::ServiceFacts,
    system::SystemFacts,
};

/// How everything stands.
pub struct Facts {
    /// The configuration's file.
    pub(crate) file: PathBuf,
    /// The configuration, as the daemon would read it.
    pub(crate) config: Result<Config, ConfigError>,
    /// The files that it is in and names.
    pub(crate) files: Vec<FileFacts>,
    /// Who the daemon runs as.
    pub(crate) user: Option<User>,
    /// The systemd unit.
    pub(crate) service: ServiceFacts,
    /// The daemon.
    pub(crate) daemon: DaemonFacts,
    /// The PBXs, in the order of the configuration.
    pub(crate) pbxs: Vec<Visit>,
    /// The endpoints.
    pub(crate) endpoints: Vec<EndpointFacts>,
    /// The journal; `None` where it is not known where that is.
    pub(crate) journal: Option<JournalFacts>,
    /// This machine.
    pub(crate) system: SystemFacts,
}

/// What came of a visit.
#[derive(Debug)]
pub struct Visit {
    /// What was seen on the way.
    pub(crate) facts: PbxFacts,
    /// What was heard; `None` where nobody listened.
    pub(crate) heard: Option<Heard>,
    /// What is to be judged of the calls; decided by who knows what the daemon has heard.
    pub(crate) calls: Option<CallsFacts>,
}

impl Visit {
    /// How many channels there are.
    pub(crate) fn channels(&self) -> Option<usize> {
        self.facts.login.as_ref()?.as_ref().ok()?.channels
    }
}

/// What was heard by listening.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) window: PbxDiagnosis,
    /// For how long, in seconds.
    pub(crate) seconds: u64,
    /// Whether the list of channels changed meanwhile.
    pub(crate) changed: bool,
    /// When it was enough.
    pub(crate) until: Timestamp,
}
