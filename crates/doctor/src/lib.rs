//! The doctor: finds out how everything stands, from outside in, and says what to do.
//!
//! [`mod@gather`] finds out facts and changes nothing: files, systemd, the daemon's API, PBXs, targets, the journal.
//! [`mod@judge`] turns them into findings and is pure. The doctor reads the same configuration as the daemon, sends as
//! the daemon sends and asks its API, but shares no task with it: it has to be of use when the daemon does not start.

mod facts;
mod gather;
mod judge;

pub use self::{
    facts::{Facts, Visit},
    gather::{Asked, Limits, STEP, endpoint as look_at, gather, place as place_of, visit},
    judge::{
        endpoint::EndpointFacts,
        finding::{Finding, Severity, Subject},
        judge, judge_endpoint, judge_pbx, judge_place,
        report::{Report, line},
    },
};
