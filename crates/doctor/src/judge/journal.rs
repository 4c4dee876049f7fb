//! Judges the journal: its file, its disk, and the deliveries in it.

use std::io::ErrorKind;

use ringwire_outbox::{JournalCondition, StoreError};
use ringwire_terminal::Code;

use super::wording::{plural, split_hint};
use crate::{
    facts::{
        files::{FileAccess, SystemUser},
        journal::{DiskSpace, JournalFacts},
    },
    finding::{Findings, Subject},
};

const MIB: u64 = 1 << 20;

/// What to do about a damaged file, wherever the damage was met.
const REPLACE_DAMAGED: &str = "restart the daemon, which moves the file aside and creates a new one: systemctl restart ringwire; sqlite3 FILE .recover may read the old one";

/// With less free space than this a disk is full: SQLite's log alone takes as much.
const FULL: u64 = 64 * MIB;

/// The verdict on the file alone, which the daemon's start depends on.
pub(crate) struct JournalFileVerdict {
    /// The findings.
    pub(crate) findings: Findings,
    /// Whether the daemon would not start.
    pub(crate) prevents_start: bool,
}

/// Judges whether a journal can be kept at its path.
pub(crate) fn judge_journal_file(condition: &Result<JournalCondition, StoreError>) -> JournalFileVerdict {
    let mut findings = Findings::new(Subject::Journal);
    let error = match condition {
        Ok(JournalCondition::Deleted) => {
            findings.fault(
                Code::Io,
                "the journal was deleted while ringwire was running",
                "the daemon begins a new one within a minute, with what is still to be delivered",
            );
            return JournalFileVerdict { findings, prevents_start: false };
        }
        Ok(JournalCondition::Absent) => {
            findings.ok("the journal does not exist yet, and this user can create it");
            return JournalFileVerdict { findings, prevents_start: false };
        }
        Ok(JournalCondition::Writable { in_use }) => {
            let daemon = if *in_use { "a daemon uses it" } else { "no daemon uses it" };
            findings.ok(format!("this user can write the journal; {daemon}"));
            return JournalFileVerdict { findings, prevents_start: false };
        }
        Err(error) => error,
    };
    let prevents_start = error.is_permanent();
    let text = error.to_string();
    let (text, hint) = match error {
        StoreError::Location { source, .. } if source.kind() == ErrorKind::PermissionDenied => (
            text.as_str(),
            "run ringwire as the daemon's user; if it does, make that user the owner of the directory and the file",
        ),
        StoreError::Location { .. } => {
            (text.as_str(), "create the directory, writable for the daemon's user, on a local disk")
        }
        StoreError::Damaged { .. } => (text.as_str(), REPLACE_DAMAGED),
        StoreError::Network { .. } => (split_hint(&text).0, "set journal.path to a file on a local disk"),
        _ => (text.as_str(), error.hint()),
    };
    findings.fault(if prevents_start { Code::Config } else { Code::Io }, text, hint);
    JournalFileVerdict { findings, prevents_start }
}

/// Judges the journal.
pub(crate) fn judge(facts: &JournalFacts) -> Findings {
    let mut findings = match &facts.condition {
        // The access of the daemon's user is judged below, whoever runs the doctor.
        Err(StoreError::Location { source, .. })
            if source.kind() == ErrorKind::PermissionDenied && facts.user.is_some() =>
        {
            let mut findings = Findings::new(Subject::Journal);
            let path = facts.path.display();
            findings
                .not_checked_until(format!("this user may not access {path}"), "run: sudo ringwire doctor");
            findings
        }
        condition => judge_journal_file(condition).findings,
    };
    if let Some(user) = &facts.user {
        judge_access(&mut findings, facts, user);
    }
    if let Some(disk) = &facts.disk {
        judge_disk(&mut findings, facts, disk);
    }
    if facts.condition.is_ok() {
        match &facts.integrity {
            Ok(None) => {}
            Ok(Some(found)) => findings.fault(
                Code::Io,
                format!("{} is damaged: {found}", facts.path.display()),
                REPLACE_DAMAGED,
            ),
            Err(why) => findings.not_checked(format!("the integrity of the file was not checked: {why}")),
        }
    }
    if let Some(loss) = &facts.content.loss {
        let aside = loss.aside.as_ref().map_or_else(String::new, |aside| format!("; look at {aside}"));
        findings.warning(
            loss.to_string(),
            format!("stop the daemon before its journal is moved or restored{aside}"),
        );
    }
    judge_deliveries(&mut findings, facts);
    findings
}

/// Judges whether `user` can write, by the mode bits: the doctor may run as root.
fn judge_access(findings: &mut Findings, facts: &JournalFacts, user: &SystemUser) {
    for (path, status) in &facts.paths {
        let is_file = *path == facts.path;
        let is_denied = if is_file {
            !status.allows(user, FileAccess::Write) || !status.allows(user, FileAccess::Read)
        } else {
            !status.allows(user, FileAccess::Write) || !status.allows(user, FileAccess::Enter)
        };
        if is_denied {
            let (shown, name) = (path.display(), &user.name);
            findings.fault(
                Code::Io,
                format!(
                    "{shown} cannot be written by {name}, the daemon's user (mode {:04o}): events are kept in memory only",
                    status.mode & 0o777
                ),
                format!("chown {name}: {shown} && chmod u+rw{} {shown}", if is_file { "" } else { "x" }),
            );
        }
    }
}

fn judge_disk(findings: &mut Findings, facts: &JournalFacts, disk: &DiskSpace) {
    let (free, total, size, limit) = (disk.free / MIB, disk.total / MIB, facts.size / MIB, facts.limit / MIB);
    let at = facts.path.parent().unwrap_or(&facts.path).display();
    if disk.is_read_only {
        findings.fault(
            Code::Io,
            format!("the disk of {at} is mounted read-only"),
            "see why: dmesg | tail; then run: mount -o remount,rw MOUNTPOINT; the daemon recovers by itself",
        );
    } else if disk.free < FULL {
        findings.fault(
            Code::Io,
            format!("the disk of {at} is full: {free} MiB of {total} MiB are free"),
            format!("free space on it (du -xh --max-depth=2 / | sort -h | tail), or set journal.size_mib to less than {limit}; the daemon recovers by itself"),
        );
    } else if disk.free < facts.limit.saturating_sub(facts.size) {
        findings.warning(
            format!(
                "the disk of {at} has {free} MiB free, but the journal may grow by {} MiB more",
                limit.saturating_sub(size)
            ),
            format!("free space on it, or set journal.size_mib to less than {}", size + free),
        );
    } else {
        findings.ok(format!(
            "{free} MiB of {total} MiB are free; the journal has {size} MiB and may have {limit} MiB"
        ));
    }
    if facts.size > facts.limit + facts.limit / 4 {
        findings.warning(
            format!(
                "the journal has {size} MiB, more than the limit of {limit} MiB: undelivered events are not removed"
            ),
            "list undelivered events: ringwire deliveries",
        );
    }
}

/// Judges the deliveries in the journal, and the recorded states of targets.
fn judge_deliveries(findings: &mut Findings, facts: &JournalFacts) {
    for record in &facts.content.targets {
        let name = &record.target;
        let reason = record.reason.as_deref().unwrap_or("no reason was recorded");
        let since = record.since.strftime("%Y-%m-%d %H:%M UTC");
        match record.state.as_str() {
            "paused" => findings.fault(
                Code::Unavailable,
                format!("target {name} is paused since {since}: events are queued, none is sent"),
                format!("ringwire deliveries resume {name}"),
            ),
            "misconfigured" => {
                let (text, hint) = split_hint(reason);
                findings.fault(
                    Code::Unavailable,
                    format!("target {name} is misconfigured since {since}, events are held: {text}"),
                    format!(
                        "{}; then run: systemctl reload ringwire",
                        hint.unwrap_or("find the error: ringwire check --probe")
                    ),
                );
            }
            "disabled" => findings.fault(
                Code::Unavailable,
                format!("target {name} replied at {since} that it accepts no more events: {reason}"),
                format!("set up the integration again there, then run: ringwire deliveries resume {name}"),
            ),
            _ => {}
        }
    }
    for tally in &facts.content.tallies {
        let (name, count) = (&tally.target, usize::try_from(tally.count).unwrap_or(usize::MAX));
        let deliveries = match count {
            1 => "1 delivery".to_owned(),
            _ => format!("{count} deliveries"),
        };
        let age = facts.now.duration_since(tally.oldest).as_secs().max(0);
        match tally.state.as_str() {
            "dead" => findings.warning(
                format!("{deliveries} to {name} failed permanently"),
                format!(
                    "see why: ringwire deliveries --target {name} --state dead; once it is fixed, run: ringwire deliveries \
                     retry --target {name}"
                ),
            ),
            "retry" | "pending" if age > 300 => findings.warning(
                format!("{deliveries} to {name} {} pending, the oldest for {}", if count == 1 { "is" } else { "are" }, plural(usize::try_from(age / 60).unwrap_or(0), "minute")),
                format!("see why: ringwire deliveries --target {name}"),
            ),
            _ => {}
        }
    }
}
