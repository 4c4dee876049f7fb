//! Judges this machine: its clock and its limit of open files.

use ringwire_terminal::Code;

use crate::{
    facts::system::SystemFacts,
    finding::{Findings, Subject},
};

/// Enough for the connections and files of a busy daemon with many API clients.
const ENOUGH: u64 = 1024;

/// With fewer, connections fail soon.
const TOO_FEW: u64 = 128;

/// Judges this machine.
pub(crate) fn judge(facts: &SystemFacts) -> Findings {
    let mut findings = Findings::new(Subject::System);
    match facts.synchronised {
        Some(true) => findings.ok("the clock is synchronized"),
        Some(false) => findings.warning(
            "the clock is not synchronized: certificates and the times of calls depend on it",
            "timedatectl set-ntp true (or install chrony)",
        ),
        None => findings.not_checked("timedatectl does not report whether the clock is synchronized"),
    }
    let more = "systemctl edit ringwire, and add below [Service]: LimitNOFILE=65536; then run: systemctl restart ringwire";
    match facts.open_files {
        Some(limit @ ..TOO_FEW) => findings.fault(
            Code::Unavailable,
            format!("the daemon may open only {limit} files: connections will fail"),
            more,
        ),
        Some(limit @ ..ENOUGH) => findings.warning(format!("the daemon may open only {limit} files"), more),
        Some(limit) => findings.ok(format!("the daemon may open {limit} files")),
        None => findings.not_checked("the limit of open files is unknown"),
    }
    findings
}
