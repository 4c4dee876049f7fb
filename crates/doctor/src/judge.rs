//! Judges facts, one subject per file. It is pure: facts go in, findings come out.

mod calls;
mod certificate;
mod configuration;
mod daemon;
mod files;
mod journal;
mod pbx;
mod service;
mod system;
mod target;
mod wording;

#[cfg(test)]
mod tests;

use ringwire_outbox::{JournalCondition, StoreError};

use crate::{
    facts::{Facts, pbx::PbxProbe, target::TargetFacts},
    finding::Finding,
};

/// Judges `facts`; the findings come in the order in which a call passes the subjects.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = vec![
        configuration::judge(&facts.file, &facts.config, &facts.files),
        files::judge(&facts.files, facts.user.as_ref()),
        service::judge(&facts.service),
        daemon::judge(&facts.daemon),
    ];
    for (probe, pbx) in facts.pbxs.iter().zip(facts.config.iter().flat_map(|config| &config.pbxs)) {
        found.push(pbx::judge(&probe.facts));
        found.extend(probe.calls.as_ref().map(|calls| calls::judge(calls, pbx)));
    }
    found.extend(facts.targets.iter().map(target::judge));
    found.extend(facts.journal.as_ref().map(journal::judge));
    found.push(system::judge(&facts.system));
    found.into_iter().flat_map(Vec::from).collect()
}

/// Judges the connection to a PBX.
pub fn judge_pbx(probe: &PbxProbe) -> Vec<Finding> {
    pbx::judge(&probe.facts).into()
}

/// Judges a target.
pub fn judge_target(facts: &TargetFacts) -> Vec<Finding> {
    target::judge(facts).into()
}

/// Judges whether a journal can be kept; the flag is set if the daemon would not start with it.
pub fn judge_journal_file(condition: &Result<JournalCondition, StoreError>) -> (Vec<Finding>, bool) {
    let verdict = journal::judge_journal_file(condition);
    (verdict.findings.into(), verdict.prevents_start)
}
