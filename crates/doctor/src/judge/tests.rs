//! What is judged of machines that no test runs on.

use std::io::{Error, ErrorKind};

use jiff::{SignedDuration, Timestamp};
use ringwire_config::Config;
use ringwire_live::{EventCounts, PbxDiagnosis};
use ringwire_outbox::{DeliveryTally, JournalCondition, StoreError};

use super::{
    calls::{self, By, CallsFacts},
    daemon::{self, DaemonFacts, Reply},
    files::{Status, User},
    finding::{Finding, Findings, Severity},
    journal::{self, Content, Disk, JournalFacts},
    report::Report,
    service::{self, Unit},
    system::{self, SystemFacts},
};

const MIB: u64 = 1 << 20;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// Something found has the words `says`, with the words `cure`; the worst is `code`, 0 where nothing is at fault.
#[track_caller]
fn check_broken(findings: Findings, says: &[&str], cure: &[&str], code: u8) {
    let found: Vec<Finding> = findings.into();
    let has = |text: &str, words: &[&str]| words.iter().all(|word| text.contains(word));
    let is_it = |finding: &&Finding| {
        finding.severity != Severity::Ok
            && has(&finding.says, says)
            && has(finding.cure.as_deref().unwrap_or_default(), cure)
    };
    assert!(found.iter().any(|finding| is_it(&finding)), "{says:?} and {cure:?} are not in {found:#?}");
    let worst = Report::new(found, now()).code().map(ringwire_terminal::Code::number);
    assert_eq!(worst.unwrap_or_default(), code);
}

/// A journal that is as it should be.
fn sound() -> JournalFacts {
    JournalFacts {
        path: "/var/lib/ringwire/journal.db".into(),
        condition: Ok(JournalCondition::Writable { in_use: true }),
        places: Vec::new(),
        user: Some(User { name: "ringwire".to_owned(), uid: 900, gids: vec![900] }),
        disk: Some(Disk { free: 10_000 * MIB, total: 20_000 * MIB, read_only: false }),
        size: 100 * MIB,
        limit: 1024 * MIB,
        whole: Ok(None),
        content: Content::default(),
        now: now(),
    }
}

#[test]
fn a_disk_that_is_full_or_will_be() {
    let with = |free, read_only| JournalFacts {
        disk: Some(Disk { free: free * MIB, total: 20_000 * MIB, read_only }),
        ..sound()
    };
    assert!(journal::judge(&sound()).is_sound());
    let full = ["the disk of /var/lib/ringwire is full: 3 MiB of 20000 MiB are free"];
    check_broken(journal::judge(&with(3, false)), &full, &["free space on it", "journal.size_mib"], 74);
    let tight = ["has 500 MiB free, and the journal may grow by 924 MiB more"];
    check_broken(journal::judge(&with(500, false)), &tight, &["set journal.size_mib to less than 600"], 0);
    check_broken(journal::judge(&with(9_000, true)), &["is mounted read-only"], &["dmesg"], 74);
}

#[test]
fn a_journal_that_the_daemons_user_cannot_write() {
    let roots = |mode| Status { mode, uid: 0, gid: 0 };
    let file = JournalFacts { places: vec![(sound().path, roots(0o600))], ..sound() };
    let says = ["/var/lib/ringwire/journal.db cannot be written by ringwire"];
    check_broken(journal::judge(&file), &says, &["chown ringwire: /var/lib/ringwire/journal.db"], 74);
    let directory = JournalFacts { places: vec![("/var/lib/ringwire".into(), roots(0o755))], ..sound() };
    let says = ["/var/lib/ringwire cannot be written by ringwire"];
    check_broken(journal::judge(&directory), &says, &["chmod u+rwx /var/lib/ringwire"], 74);
}

#[test]
fn a_journal_where_none_can_be() {
    let path = || sound().path;
    let at = |error| JournalFacts { condition: Err(error), ..sound() };
    let network = StoreError::Network { path: path(), kind: "NFS" };
    check_broken(
        journal::judge(&at(network)),
        &["network file system (NFS)"],
        &["a file on a local disk"],
        78,
    );
    let denied = StoreError::Location { path: path(), source: Error::from(ErrorKind::PermissionDenied) };
    let mut denied = at(denied);
    check_broken(journal::judge(&denied), &["this user may not look at"], &["sudo ringwire doctor"], 0);
    denied.user = None;
    check_broken(journal::judge(&denied), &["permission denied"], &["run it as the daemon's user"], 74);
}

#[test]
fn a_journal_that_is_too_large_or_owes_for_long() {
    let large = JournalFacts { size: 2000 * MIB, ..sound() };
    check_broken(
        journal::judge(&large),
        &["takes 2000 MiB, more than the 1024"],
        &["ringwire deliveries"],
        0,
    );
    let tally = DeliveryTally {
        target: "desk".to_owned(),
        state: "retry".to_owned(),
        count: 37,
        oldest: now() - SignedDuration::from_mins(90),
    };
    let owing = JournalFacts { content: Content { tallies: vec![tally], ..Content::default() }, ..sound() };
    let says = ["37 deliveries wait for desk, the oldest for 90 minutes"];
    check_broken(journal::judge(&owing), &says, &["ringwire deliveries --target desk"], 0);
}

/// What `systemctl show` prints of a unit that does well, with some lines changed.
fn unit(changes: &[(&str, &str)]) -> Unit {
    let shown = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nResult=success\nExecMainStatus=0\n\
                 MainPID=4711\nUser=ringwire\nStateDirectory=ringwire\nWatchdogUSec=30s\nNRestarts=0\n\
                 NeedDaemonReload=no\nEnvironment=RINGWIRE_AMI_SECRET=x LANG=C\n";
    let changed = changes.iter().fold(shown.to_owned(), |shown, (before, after)| {
        assert!(shown.contains(before), "{before}");
        shown.replace(before, after)
    });
    Unit::parse("ringwire.service", &changed)
}

#[test]
fn a_unit_that_does_not_do_well() {
    let sound = unit(&[]);
    assert_eq!((sound.pid, sound.environment.len()), (Some(4711), 2));
    assert!(service::judge(&Ok(sound)).is_sound());
    let dead = [("ActiveState=active", "ActiveState=inactive"), ("MainPID=4711", "MainPID=0")];
    let failed = |status| {
        let status: &'static str = status;
        [
            ("ActiveState=active", "ActiveState=failed"),
            ("Result=success", "Result=exit-code"),
            ("ExecMainStatus=0", status),
        ]
    };
    for (changes, says, cure, code) in [
        (&dead[..], "the daemon is not started: the unit is inactive", "systemctl start ringwire", 69),
        (
            &failed("ExecMainStatus=78")[..],
            "the unit has failed (exit-code, exit status 78)",
            "ringwire check says",
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
            "knows no unit ringwire.service",
            "systemctl enable --now",
            0,
        ),
        (&[("LoadState=loaded", "LoadState=masked")][..], "is masked", "systemctl unmask ringwire", 78),
        (
            &[("UnitFileState=enabled", "UnitFileState=disabled")][..],
            "not started with the machine",
            "systemctl enable ringwire",
            0,
        ),
        (&[("User=ringwire", "User=")][..], "runs as root", "User=ringwire", 0),
        (
            &[("WatchdogUSec=30s", "WatchdogUSec=0")][..],
            "does not look whether the daemon lives",
            "WatchdogSec=30",
            0,
        ),
        (
            &[("StateDirectory=ringwire", "StateDirectory=")][..],
            "no StateDirectory=",
            "StateDirectory=ringwire",
            0,
        ),
        (&[("NRestarts=0", "NRestarts=7")][..], "was started again 7 times", "journalctl", 0),
        (
            &[("NeedDaemonReload=no", "NeedDaemonReload=yes")][..],
            "was changed since systemd has read it",
            "daemon-reload",
            0,
        ),
    ] {
        check_broken(service::judge(&Ok(unit(changes))), &[says], &[cure], code);
    }
    let replaced = Unit { replaced: true, ..unit(&[]) };
    check_broken(service::judge(&Ok(replaced)), &["an older one runs"], &["systemctl restart ringwire"], 0);
    let failed = Unit { last_error: Some("ERROR no".to_owned()), ..unit(&failed("ExecMainStatus=1")) };
    check_broken(
        service::judge(&Ok(failed)),
        &["its last error: ERROR no"],
        &["systemctl restart ringwire"],
        69,
    );
}

#[test]
fn a_daemon_that_hears_of_no_call_though_there_are_channels() {
    let config = Config::embedded();
    let heard = PbxDiagnosis {
        window: 300,
        events: EventCounts { system: 2, ..EventCounts::default() },
        ..PbxDiagnosis::default()
    };
    let with = |channels| {
        let facts = CallsFacts { heard: Ok(heard.clone()), by: By::Daemon, channels, now: now() };
        calls::judge(&facts, &config.pbxs[0])
    };
    let says = [
        "no event of a call came, though 2 events of other classes did in the last 5 minutes, though there are 3 channels",
    ];
    check_broken(with(Some(3)), &says, &["read = system,call,agent", "eventfilter"], 69);
    check_broken(with(Some(0)), &["there is nothing to judge by"], &["make a test call"], 0);
}

#[test]
fn a_machine_that_is_not_set() {
    let with = |synchronised, open_files| system::judge(&SystemFacts { synchronised, open_files });
    assert!(with(Some(true), Some(1024)).is_sound());
    check_broken(with(Some(false), None), &["not kept by a time server"], &["timedatectl set-ntp true"], 0);
    check_broken(with(None, Some(512)), &["only 512 files"], &["LimitNOFILE=65536"], 0);
    check_broken(
        with(None, Some(64)),
        &["only 64 files", "connections will fail"],
        &["LimitNOFILE=65536"],
        69,
    );
}

#[test]
fn a_daemon_that_systemd_knows_and_nobody_hears() {
    let facts = |reply, is_active| DaemonFacts {
        address: "/run/ringwire/ringwire.sock".to_owned(),
        reply,
        has_journal: false,
        is_active,
        changed: None,
        version: "1.0.0",
    };
    check_broken(daemon::judge(&facts(Reply::Absent, true)), &["none answers"], &["systemctl restart"], 69);
    check_broken(
        daemon::judge(&facts(Reply::Denied, true)),
        &["this user may not connect"],
        &["sudo ringwire doctor"],
        0,
    );
}
