//! This machine: its clock, and how many files may be open.

use ringwire_terminal::Code;

use super::finding::{Findings, Subject};

/// What was seen of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SystemFacts {
    /// Whether its clock is kept by a time server; `None` where nobody says.
    pub(crate) synchronised: Option<bool>,
    /// How many files may be open at once in the daemon, or where none runs in this process.
    pub(crate) open_files: Option<u64>,
}

/// As many connections as a busy daemon with many who look on may have, and the files it has open.
const ENOUGH: u64 = 1024;

/// With fewer it does not get far.
const TOO_FEW: u64 = 128;

/// What is wrong with this machine.
pub(crate) fn judge(facts: &SystemFacts) -> Findings {
    let mut findings = Findings::new(Subject::System);
    match facts.synchronised {
        Some(true) => findings.ok("the clock is kept by a time server"),
        Some(false) => findings.warning(
            "the clock is not kept by a time server: certificates and times of calls depend on it",
            "timedatectl set-ntp true (or install chrony)",
        ),
        None => findings.unchecked("whether the clock is kept by a time server: timedatectl does not say"),
    }
    let more = "in the unit: LimitNOFILE=65536 (systemctl edit ringwire), then: systemctl restart ringwire";
    match facts.open_files {
        Some(limit @ ..TOO_FEW) => findings.fault(
            Code::Unavailable,
            format!("only {limit} files may be open at once: connections will fail"),
            more,
        ),
        Some(limit @ ..ENOUGH) => findings.warning(format!("only {limit} files may be open at once"), more),
        Some(limit) => findings.ok(format!("{limit} files may be open at once")),
        None => findings.unchecked("how many files may be open is not known"),
    }
    findings
}
