//! Judges facts, one subject a file. It is pure: what was gathered goes in, findings come out.

pub(crate) mod calls;
pub(crate) mod certificate;
mod configuration;
pub(crate) mod daemon;
pub(crate) mod endpoint;
pub(crate) mod files;
pub(crate) mod finding;
pub(crate) mod journal;
pub(crate) mod pbx;
pub(crate) mod report;
pub(crate) mod service;
pub(crate) mod system;

#[cfg(test)]
mod tests;

use ringwire_outbox::{JournalCondition, StoreError};

use self::{endpoint::EndpointFacts, finding::Finding};
use super::facts::{Facts, Visit};

/// What is found in `facts`, from outside in.
pub fn judge(facts: &Facts) -> Vec<Finding> {
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
pub fn judge_pbx(visit: &Visit) -> Vec<Finding> {
    pbx::judge(&visit.facts).into()
}

/// What is found of an endpoint that was looked at.
pub fn judge_endpoint(facts: &EndpointFacts) -> Vec<Finding> {
    endpoint::judge(facts).into()
}

/// What is found of the journal's place, and whether the daemon would not even start with it.
pub fn judge_place(condition: &Result<JournalCondition, StoreError>) -> (Vec<Finding>, bool) {
    let placed = journal::judge_place(condition);
    (placed.findings.into(), placed.is_setting)
}
