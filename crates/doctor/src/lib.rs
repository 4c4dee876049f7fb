//! The doctor: diagnoses why calls do not show up, and says how to fix it.
//!
//! `gather` collects facts and changes nothing: files, systemd, the daemon's API, PBXs, targets, the journal. `judge`
//! turns them into findings and is pure. The doctor reads the same configuration as the daemon, sends requests as the
//! daemon does and queries its API, but shares no task with it: it must work when the daemon does not start.

mod facts;
mod finding;
mod gather;
mod judge;
mod report;

pub use self::{
    facts::{Facts, pbx::PbxProbe, target::TargetFacts},
    finding::{Finding, Severity, Subject},
    gather::{
        DEFAULT_STEP_TIMEOUT, DoctorOptions, ProbeLimits, check_journal_file, gather_facts, probe_pbx,
        probe_target,
    },
    judge::{judge, judge_journal_file, judge_pbx, judge_target},
    report::{Report, write_finding},
};
