//! The journal: its place, its disk, and what lies in it.

use std::{io::ErrorKind, path::PathBuf};

use jiff::Timestamp;
use ringwire_outbox::{DeliveryTally, JournalCondition, StoreError, TargetRecord};
use ringwire_terminal::Code;

use super::{
    files::{Access, Status, User, plural},
    finding::{Findings, Subject, parted},
};

/// What was seen of the journal.
#[derive(Debug)]
pub(crate) struct JournalFacts {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whether it can be kept there.
    pub(crate) condition: Result<JournalCondition, StoreError>,
    /// The file, its directory, or the nearest directory above that is there.
    pub(crate) places: Vec<(PathBuf, Status)>,
    /// Who the daemon runs as.
    pub(crate) user: Option<User>,
    /// The disk it is on.
    pub(crate) disk: Option<Disk>,
    /// How much it takes, in bytes.
    pub(crate) size: u64,
    /// How much it may take, in bytes.
    pub(crate) limit: u64,
    /// What the check of the whole file found: nothing, or what is broken; `None` where it was not checked, and why.
    pub(crate) whole: Result<Option<String>, &'static str>,
    /// What is in it.
    pub(crate) content: Content,
    /// When this was looked at.
    pub(crate) now: Timestamp,
}

/// A disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    /// What a user other than root can still write, in bytes.
    pub(crate) free: u64,
    /// How large it is, in bytes.
    pub(crate) total: u64,
    /// Whether it can only be read.
    pub(crate) read_only: bool,
}

/// What is in a journal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    /// What endpoints are owed, or were not told.
    pub(crate) tallies: Vec<DeliveryTally>,
    /// How endpoints stand.
    pub(crate) standings: Vec<TargetRecord>,
}

const MIB: u64 = 1 << 20;

/// With less than this a disk is full: SQLite's log alone takes as much.
const FULL: u64 = 64 * MIB;

/// What is said of the place alone, which the daemon's start depends on.
pub(crate) struct Placed {
    /// What was found.
    pub(crate) findings: Findings,
    /// Whether the daemon would not even start.
    pub(crate) is_setting: bool,
}

/// Whether a journal can be kept in that condition.
pub(crate) fn judge_place(condition: &Result<JournalCondition, StoreError>) -> Placed {
    let mut findings = Findings::new(Subject::Journal);
    let error = match condition {
        Ok(JournalCondition::Absent) => {
            findings.ok("there is no journal yet, and this user can make it");
            return Placed { findings, is_setting: false };
        }
        Ok(JournalCondition::Writable { in_use: taken }) => {
            let daemon = if *taken { "a daemon has it" } else { "no daemon runs" };
            findings.ok(format!("the journal is there, and this user can write it; {daemon}"));
            return Placed { findings, is_setting: false };
        }
        Err(error) => error,
    };
    let is_setting = error.is_permanent();
    let said = error.to_string();
    let (says, advice) = match error {
        StoreError::Location { source, .. } if source.kind() == ErrorKind::PermissionDenied => (
            said.as_str(),
            "run it as the daemon's user; if it is that, make the directory and the file its own",
        ),
        StoreError::Location { .. } => {
            (said.as_str(), "make the directory, writable for the daemon's user, on a local disk")
        }
        StoreError::Network { .. } => (parted(&said).0, "set journal.path to a file on a local disk"),
        _ => (said.as_str(), error.hint()),
    };
    findings.fault(if is_setting { Code::Config } else { Code::Io }, says, advice);
    Placed { findings, is_setting }
}

/// What is wrong with the journal.
pub(crate) fn judge(facts: &JournalFacts) -> Findings {
    let mut findings = match &facts.condition {
        // It is judged for the daemon's user below, by whoever asks.
        Err(StoreError::Location { source, .. })
            if source.kind() == ErrorKind::PermissionDenied && facts.user.is_some() =>
        {
            let mut findings = Findings::new(Subject::Journal);
            let path = facts.path.display();
            findings.unchecked_until(format!("this user may not look at {path}"), "sudo ringwire doctor");
            findings
        }
        condition => judge_place(condition).findings,
    };
    if let Some(user) = &facts.user {
        places(&mut findings, facts, user);
    }
    if let Some(disk) = &facts.disk {
        judge_disk(&mut findings, facts, disk);
    }
    if facts.condition.is_ok() {
        match &facts.whole {
            Ok(None) => {}
            Ok(Some(found)) => findings.fault(
                Code::Io,
                format!("{} is damaged: {found}", facts.path.display()),
                "restart the daemon, which sets it aside and begins a new one; sqlite3 FILE .recover may read the old one",
            ),
            Err(why) => findings.unchecked(format!("whether the whole file is sound was not checked: {why}")),
        }
    }
    owed(&mut findings, facts);
    findings
}

/// Whether `user` can write there, by the mode bits: whoever asks may be root.
fn places(findings: &mut Findings, facts: &JournalFacts, user: &User) {
    for (path, status) in &facts.places {
        let is_file = *path == facts.path;
        let missing = if is_file {
            !status.allows(user, Access::Write) || !status.allows(user, Access::Read)
        } else {
            !status.allows(user, Access::Write) || !status.allows(user, Access::Enter)
        };
        if missing {
            let (shown, name) = (path.display(), &user.name);
            findings.fault(
                Code::Io,
                format!(
                    "{shown} cannot be written by {name}, whom the daemon runs as (mode {:04o}): calls are told of from memory alone",
                    status.mode & 0o777
                ),
                format!("chown {name}: {shown} && chmod u+rw{} {shown}", if is_file { "" } else { "x" }),
            );
        }
    }
}

fn judge_disk(findings: &mut Findings, facts: &JournalFacts, disk: &Disk) {
    let (free, total, size, limit) = (disk.free / MIB, disk.total / MIB, facts.size / MIB, facts.limit / MIB);
    let at = facts.path.parent().unwrap_or(&facts.path).display();
    if disk.read_only {
        findings.fault(
            Code::Io,
            format!("the disk of {at} is mounted read-only"),
            "see why (dmesg | tail), then: mount -o remount,rw on it; the daemon goes on by itself",
        );
    } else if disk.free < FULL {
        findings.fault(
            Code::Io,
            format!("the disk of {at} is full: {free} MiB of {total} MiB are free"),
            format!("free space on it (du -xh --max-depth=2 / | sort -h | tail); the daemon goes on by itself. Or set journal.size_mib to less than {limit}"),
        );
    } else if disk.free < facts.limit.saturating_sub(facts.size) {
        findings.warning(
            format!(
                "the disk of {at} has {free} MiB free, and the journal may grow by {} MiB more",
                limit.saturating_sub(size)
            ),
            format!("free space on it, or set journal.size_mib to less than {}", size + free),
        );
    } else {
        findings.ok(format!(
            "{free} MiB of {total} MiB are free; the journal takes {size} MiB and may take {limit}"
        ));
    }
    if facts.size > facts.limit + facts.limit / 4 {
        findings.warning(
            format!(
                "the journal takes {size} MiB, more than the {limit} it may: what is owed is not removed"
            ),
            "see what is owed: ringwire deliveries",
        );
    }
}

/// What endpoints are owed, and whether they are sent to.
fn owed(findings: &mut Findings, facts: &JournalFacts) {
    for standing in &facts.content.standings {
        let name = &standing.target;
        let reason = standing.reason.as_deref().unwrap_or("no reason is noted");
        let since = standing.since.strftime("%Y-%m-%d %H:%M UTC");
        match standing.state.as_str() {
            "paused" => findings.fault(
                Code::Unavailable,
                format!("endpoint {name} is paused by hand since {since}: nothing is sent there"),
                format!("ringwire deliveries resume {name}"),
            ),
            "misconfigured" => {
                let (says, cure) = parted(reason);
                findings.fault(
                    Code::Unavailable,
                    format!("endpoint {name} is held since {since}, for its settings are wrong: {says}"),
                    format!(
                        "{}; then: systemctl reload ringwire",
                        cure.unwrap_or("ringwire check --probe says what is wrong")
                    ),
                );
            }
            "disabled" => findings.fault(
                Code::Unavailable,
                format!("endpoint {name} said on {since} that it wants to hear nothing any more: {reason}"),
                format!("have it set up anew there, then: ringwire deliveries resume {name}"),
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
                format!("{deliveries} to {name} {} given up", if count == 1 { "was" } else { "were" }),
                format!(
                    "see why: ringwire deliveries --target {name} --state dead; when it is put right: ringwire deliveries \
                     retry --target {name}"
                ),
            ),
            "retry" | "pending" if age > 300 => findings.warning(
                format!("{deliveries} wait for {name}, the oldest for {}", plural(usize::try_from(age / 60).unwrap_or(0), "minute")),
                format!("see why: ringwire deliveries --target {name}"),
            ),
            _ => {}
        }
    }
}
