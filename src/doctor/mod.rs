//! The doctor: finds out how everything stands from outside in, and says what to do.
//!
//! [`mod@gather`] finds out facts and changes nothing; the other files here judge them, one subject each, and are pure.
//! [`Observations`] is what the daemon counts so that the doctor can ask it, in the form of [`diagnosis`].

mod calls;
mod certificate;
mod configuration;
mod daemon;
pub(crate) mod diagnosis;
mod endpoint;
mod files;
mod finding;
mod gather;
mod journal;
mod observations;
mod pbx;
mod report;
mod service;
mod system;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub(crate) use self::{
    finding::{Finding, Severity},
    gather::{Asked, Limits, STEP, endpoint as look_at, gather, place as place_of, visit},
    observations::Observations,
    report::{Report, line},
};
use ringwire_config::{Config, ConfigError};

/// How everything stands.
pub(crate) struct Facts {
    /// The configuration's file.
    pub(crate) file: PathBuf,
    /// The configuration, as the daemon would read it.
    pub(crate) config: Result<Config, ConfigError>,
    /// The files that it is in and names.
    pub(crate) files: Vec<files::FileFacts>,
    /// Who the daemon runs as.
    pub(crate) user: Option<files::User>,
    /// The systemd unit.
    pub(crate) service: service::ServiceFacts,
    /// The daemon.
    pub(crate) daemon: daemon::DaemonFacts,
    /// The PBXs, in the order of the configuration.
    pub(crate) pbxs: Vec<gather::Visit>,
    /// The endpoints.
    pub(crate) endpoints: Vec<endpoint::EndpointFacts>,
    /// The journal; `None` where it is not known where that is.
    pub(crate) journal: Option<journal::JournalFacts>,
    /// This machine.
    pub(crate) system: system::SystemFacts,
}

/// What is found in `facts`, from outside in.
pub(crate) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = vec![
        configuration::judge(&facts.file, &facts.config, &facts.files),
        files::judge(&facts.files, facts.user.as_ref()),
        service::judge(&facts.service),
        daemon::judge(&facts.daemon),
    ];
    for (visit, pbx) in facts.pbxs.iter().zip(facts.config.iter().flat_map(|config| &config.pbxs)) {
        found.push(pbx::judge(&visit.facts));
        found.extend(visit.calls.as_ref().map(|calls| calls::judge(calls, pbx)));
    }
    found.extend(facts.endpoints.iter().map(endpoint::judge));
    found.extend(facts.journal.as_ref().map(journal::judge));
    found.push(system::judge(&facts.system));
    found.into_iter().flat_map(Vec::from).collect()
}

/// What is found of a PBX by a visit.
pub(crate) fn judge_pbx(visit: &gather::Visit) -> Vec<Finding> {
    pbx::judge(&visit.facts).into()
}

/// What is found of an endpoint that was looked at.
pub(crate) fn judge_endpoint(facts: &endpoint::EndpointFacts) -> Vec<Finding> {
    endpoint::judge(facts).into()
}

/// What is found of the journal's place, and whether the daemon would not even start with it.
pub(crate) fn judge_place(
    condition: &Result<ringwire_outbox::store::Condition, ringwire_outbox::store::StoreError>,
) -> (Vec<Finding>, bool) {
    let placed = journal::judge_place(condition);
    (placed.findings.into(), placed.is_setting)
}
