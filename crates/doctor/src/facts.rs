//! The facts that the doctor gathers and judges.

pub(crate) mod calls;
pub(crate) mod certificate;
pub(crate) mod daemon;
pub(crate) mod files;
pub(crate) mod journal;
pub(crate) mod pbx;
pub(crate) mod service;
pub(crate) mod system;
pub(crate) mod target;

use std::path::PathBuf;

use ringwire_config::{Config, ConfigError};

use self::{
    daemon::DaemonFacts,
    files::{FileFacts, SystemUser},
    journal::JournalFacts,
    pbx::PbxProbe,
    service::ServiceFacts,
    system::SystemFacts,
    target::TargetFacts,
};

/// All facts about one installation.
pub struct Facts {
    /// The configuration file.
    pub(crate) file: PathBuf,
    /// The configuration as the daemon would read it.
    pub(crate) config: Result<Config, ConfigError>,
    /// The configuration file and the files that it names.
    pub(crate) files: Vec<FileFacts>,
    /// The user that the daemon runs as, if known.
    pub(crate) user: Option<SystemUser>,
    /// The systemd unit.
    pub(crate) service: ServiceFacts,
    /// The daemon.
    pub(crate) daemon: DaemonFacts,
    /// The PBXs, in the order of the configuration.
    pub(crate) pbxs: Vec<PbxProbe>,
    /// The targets.
    pub(crate) targets: Vec<TargetFacts>,
    /// The journal; `None` if none is configured, or the configuration is unreadable.
    pub(crate) journal: Option<JournalFacts>,
    /// This machine.
    pub(crate) system: SystemFacts,
}
