//! Findings of states that no test machine is in.

use std::io::{Error, ErrorKind};

use jiff::{SignedDuration, Timestamp};
use ringwire_config::Config;
use ringwire_live::{EventCounts, PbxDiagnosis};
use ringwire_outbox::{DeliveryTally, JournalCondition, JournalLoss, StoreError};

use super::{calls, daemon, journal, service, system};
use crate::{
    facts::{
        calls::{CallFacts, EventSource},
        daemon::{DaemonFacts, DaemonReply},
        files::{FileStatus, SystemUser},
        journal::{DiskSpace, JournalContent, JournalFacts},
        service::SystemdUnit,
        system::SystemFacts,
    },
    finding::{Finding, Findings, Severity},
    report::Report,
};

const MIB: u64 = 1 << 20;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// Checks that a finding contains `text` and its hint `hint`, and that the exit code is `code`, 0 without faults.
#[track_caller]
fn check_broken(findings: Findings, text: &[&str], hint: &[&str], code: u8) {
    let found: Vec<Finding> = findings.into();
    let has = |text: &str, words: &[&str]| words.iter().all(|word| text.contains(word));
    let is_it = |finding: &&Finding| {
        finding.severity != Severity::Ok
            && has(&finding.text, text)
            && has(finding.hint.as_deref().unwrap_or_default(), hint)
    };
    assert!(found.iter().any(|finding| is_it(&finding)), "{text:?} and {hint:?} are not in {found:#?}");
    let worst = Report::new(found, now()).code().map(ringwire_terminal::Code::number);
    assert_eq!(worst.unwrap_or_default(), code);
}

/// A journal without faults.
fn healthy() -> JournalFacts {
    JournalFacts {
        path: "/var/lib/ringwire/journal.db".into(),
        condition: Ok(JournalCondition::Writable { in_use: true }),
        paths: Vec::new(),
        user: Some(SystemUser { name: "ringwire".to_owned(), uid: 900, gids: vec![900] }),
        disk: Some(DiskSpace { free: 10_000 * MIB, total: 20_000 * MIB, is_read_only: false }),
        size: 100 * MIB,
        limit: 1024 * MIB,
        integrity: Ok(None),
        content: JournalContent::default(),
        now: now(),
    }
}

#[test]
fn a_full_disk_and_one_that_will_be_full() {
    let with = |free, is_read_only| JournalFacts {
        disk: Some(DiskSpace { free: free * MIB, total: 20_000 * MIB, is_read_only }),
        ..healthy()
    };
    assert!(journal::judge(&healthy()).has_no_fault());
    let full = ["the disk of /var/lib/ringwire is full: 3 MiB of 20000 MiB are free"];
    check_broken(journal::judge(&with(3, false)), &full, &["free space on it", "journal.size_mib"], 74);
    let tight = ["has 500 MiB free, but the journal may grow by 924 MiB more"];
    check_broken(journal::judge(&with(500, false)), &tight, &["set journal.size_mib to less than 600"], 0);
    check_broken(journal::judge(&with(9_000, true)), &["is mounted read-only"], &["dmesg"], 74);
}

#[test]
fn a_journal_that_was_begun_anew_and_one_that_is_gone() {
    let loss = JournalLoss { at: now(), found: "its file was deleted".to_owned(), aside: None };
    let content = JournalContent { loss: Some(loss), ..JournalContent::default() };
    let anew = journal::judge(&JournalFacts { content, ..healthy() });
    check_broken(anew, &["begun anew at", "its file was deleted"], &["stop the daemon before"], 0);
    let gone = JournalFacts { condition: Ok(JournalCondition::Deleted), ..healthy() };
    check_broken(journal::judge(&gone), &["was deleted while ringwire was running"], &["a new one"], 74);
}

#[test]
fn a_journal_without_access_for_the_daemons_user() {
    let owned_by_root = |mode| FileStatus { mode, uid: 0, gid: 0 };
    let file = JournalFacts { paths: vec![(healthy().path, owned_by_root(0o600))], ..healthy() };
    let text = ["/var/lib/ringwire/journal.db cannot be written by ringwire"];
    check_broken(journal::judge(&file), &text, &["chown ringwire: /var/lib/ringwire/journal.db"], 74);
    let directory =
        JournalFacts { paths: vec![("/var/lib/ringwire".into(), owned_by_root(0o755))], ..healthy() };
    let text = ["/var/lib/ringwire cannot be written by ringwire"];
    check_broken(journal::judge(&directory), &text, &["chmod u+rwx /var/lib/ringwire"], 74);
}

#[test]
fn a_journal_path_that_cannot_hold_one() {
    let path = || healthy().path;
    let at = |error| JournalFacts { condition: Err(error), ..healthy() };
    let network = StoreError::Network { path: path(), kind: "NFS" };
    check_broken(
        journal::judge(&at(network)),
        &["network file system (NFS)"],
        &["a file on a local disk"],
        78,
    );
    let denied = StoreError::Location { path: path(), source: Error::from(ErrorKind::PermissionDenied) };
    let mut denied = at(denied);
    check_broken(journal::judge(&denied), &["this user may not access"], &["sudo ringwire doctor"], 0);
    denied.user = None;
    check_broken(journal::judge(&denied), &["permission denied"], &["run ringwire as the daemon's user"], 74);
}

#[test]
fn a_large_journal_and_old_pending_deliveries() {
    let large = JournalFacts { size: 2000 * MIB, ..healthy() };
    check_broken(
        journal::judge(&large),
        &["has 2000 MiB, more than the limit of 1024"],
        &["ringwire deliveries"],
        0,
    );
    let tally = DeliveryTally {
        target: "desk".to_owned(),
        state: "retry".to_owned(),
        count: 37,
        oldest: now() - SignedDuration::from_mins(90),
    };
    let pending = JournalFacts {
        content: JournalContent { tallies: vec![tally], ..JournalContent::default() },
        ..healthy()
    };
    let text = ["37 deliveries to desk are pending, the oldest for 90 minutes"];
    check_broken(journal::judge(&pending), &text, &["ringwire deliveries --target desk"], 0);
}

/// The unit that `systemctl show` prints without faults, with some lines changed.
fn unit(changes: &[(&str, &str)]) -> SystemdUnit {
    let shown = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nResult=success\nExecMainStatus=0\n\
                 MainPID=4711\nUser=ringwire\nStateDirectory=ringwire\nWatchdogUSec=30s\nNRestarts=0\n\
                 NeedDaemonReload=no\nEnvironment=RINGWIRE_AMI_SECRET=x LANG=C\n";
    let changed = changes.iter().fold(shown.to_owned(), |shown, (before, after)| {
        assert!(shown.contains(before), "{before}");
        shown.replace(before, after)
    });
    SystemdUnit::parse("ringwire.service", &changed)
}

#[test]
fn units_with_faults() {
    let healthy = unit(&[]);
    assert_eq!((healthy.pid, healthy.environment.len()), (Some(4711), 2));
    assert!(service::judge(&Ok(healthy)).has_no_fault());
    let dead = [("ActiveState=active", "ActiveState=inactive"), ("MainPID=4711", "MainPID=0")];
    let failed = |status| {
        let status: &'static str = status;
        [
            ("ActiveState=active", "ActiveState=failed"),
            ("Result=success", "Result=exit-code"),
            ("ExecMainStatus=0", status),
        ]
    };
    for (changes, text, hint, code) in [
        (&dead[..], "the daemon is not running: the unit is inactive", "systemctl start ringwire", 69),
        (
            &failed("ExecMainStatus=78")[..],
            "the unit has failed (exit-code, exit status 78)",
            "ringwire check",
            78,
        ),
        (
            &failed("ExecMainStatus=101")[..],
            "the unit has failed (exit-code, exit status 101)",
            "journalctl -u ringwire",
            69,
        ),
        (
            &[("LoadState=loaded", "LoadState=not-found")][..],
            "has no unit ringwire.service",
            "systemctl enable --now",
            0,
        ),
        (&[("LoadState=loaded", "LoadState=masked")][..], "is masked", "systemctl unmask ringwire", 78),
        (
            &[("UnitFileState=enabled", "UnitFileState=disabled")][..],
            "does not start at boot",
            "systemctl enable ringwire",
            0,
        ),
        (&[("User=ringwire", "User=")][..], "runs as root", "User=ringwire", 0),
        (&[("WatchdogUSec=30s", "WatchdogUSec=0")][..], "does not watch the daemon", "WatchdogSec=30", 0),
        (
            &[("StateDirectory=ringwire", "StateDirectory=")][..],
            "no StateDirectory=",
            "StateDirectory=ringwire",
            0,
        ),
        (&[("NRestarts=0", "NRestarts=7")][..], "restarted it 7 times", "journalctl", 0),
        (
            &[("NeedDaemonReload=no", "NeedDaemonReload=yes")][..],
            "was changed since systemd loaded it",
            "daemon-reload",
            0,
        ),
    ] {
        check_broken(service::judge(&Ok(unit(changes))), &[text], &[hint], code);
    }
    let replaced = SystemdUnit { executable_replaced: true, ..unit(&[]) };
    check_broken(
        service::judge(&Ok(replaced)),
        &["an older version runs"],
        &["systemctl restart ringwire"],
        0,
    );
    let failed = SystemdUnit { last_error: Some("ERROR no".to_owned()), ..unit(&failed("ExecMainStatus=1")) };
    check_broken(service::judge(&Ok(failed)), &["last error: ERROR no"], &["systemctl restart ringwire"], 69);
}

#[test]
fn a_daemon_without_call_events_despite_channels() {
    let config = Config::embedded();
    let diagnosis = PbxDiagnosis {
        window: 300,
        events: EventCounts { system: 2, ..EventCounts::default() },
        ..PbxDiagnosis::default()
    };
    let with = |channels| {
        let facts =
            CallFacts { diagnosis: Ok(diagnosis.clone()), source: EventSource::Daemon, channels, now: now() };
        calls::judge(&facts, &config.pbxs[0])
    };
    let text = [
        "the PBX sent no call events in the last 5 minutes, only 2 events of other classes, but it has 3 channels now",
    ];
    check_broken(with(Some(3)), &text, &["read = system,call,agent", "eventfilter"], 69);
    check_broken(with(Some(0)), &["nothing can be concluded"], &["make a test call"], 0);
}

#[test]
fn an_unsynchronized_clock_and_few_open_files() {
    let with = |synchronised, open_files| system::judge(&SystemFacts { synchronised, open_files });
    assert!(with(Some(true), Some(1024)).has_no_fault());
    check_broken(
        with(Some(false), None),
        &["the clock is not synchronized"],
        &["timedatectl set-ntp true"],
        0,
    );
    check_broken(with(None, Some(512)), &["only 512 files"], &["LimitNOFILE=65536"], 0);
    check_broken(
        with(None, Some(64)),
        &["only 64 files", "connections will fail"],
        &["LimitNOFILE=65536"],
        69,
    );
}

#[test]
fn an_active_daemon_that_does_not_answer() {
    let facts = |reply, is_active| DaemonFacts {
        address: "/run/ringwire/ringwire.sock".to_owned(),
        reply,
        has_journal: false,
        is_active,
        changed: None,
        version: "1.0.0",
    };
    check_broken(
        daemon::judge(&facts(DaemonReply::NoSocket, true)),
        &["does not answer"],
        &["systemctl restart"],
        69,
    );
    check_broken(
        daemon::judge(&facts(DaemonReply::PermissionDenied, true)),
        &["this user may not connect"],
        &["sudo ringwire doctor"],
        0,
    );
}
