//! That erased numbers and names are nowhere in the files, looked for in their bytes.

use std::{fs, path::Path, time::Duration};

use memchr::memmem;
use ringwire_delivery::DeliveryId;
use ringwire_event::{AnsweredBy, CallEvent, Cause, Decision, EventKind, ExplanationStep, Party};
use ringwire_outbox::{
    DeliveryAttempt, DeliveryUpdate, MemoryChange, MemoryUpdate, PersonalDataPolicy, RetentionPolicy,
    StoreReport, StoreWrite, StoredDeliveryState, SweepSummary,
};
use rusqlite::Connection;

use crate::support::{Journal, at, event, hangup, new_call, target};

const DAY: i64 = 24 * 3600;

/// How many calls there are: enough for pages to be split and merged.
const CALLS: i64 = 400;

/// What tells whose call it was. Each is in places of its own.
const PERSONAL: [&str; 8] = [
    "491761234567",
    "Mustermann",
    "4930100",
    "Alice",
    "told to Alice",
    "who is 491761234567",
    "Ringo",
    "Kaptur",
];

fn policy(how: PersonalDataPolicy) -> RetentionPolicy {
    let day = Duration::from_secs(DAY.unsigned_abs());
    RetentionPolicy { age: 30 * day, size: u64::MAX, personal_data: Some((day, how)) }
}

/// Sweeps until nothing is left to do, as the daemon does.
fn sweep(journal: &Journal, policy: &RetentionPolicy, seconds: i64) -> SweepSummary {
    let mut all = SweepSummary::default();
    loop {
        journal.store.sweep(policy.clone(), at(seconds));
        let StoreReport::Swept(swept) = journal.report() else { continue };
        all.erased += swept.erased;
        all.removed += swept.removed;
        all.damaged += swept.damaged;
        if !swept.more {
            return all;
        }
    }
}

fn ringing(call: &str, seq: u32, seconds: i64) -> CallEvent {
    let user =
        Party { name: Some("Ringo ".repeat(seq as usize * 7)), ..Party::endpoint(format!("PJSIP/r{seq}")) };
    event(call, seq, seconds, EventKind::Ringing { user })
}

/// A call that ends late and in no order, and all that is stored of it.
fn write_calls(journal: &Journal) {
    let mut events = 0;
    let mut write = |event: CallEvent, targets: &[&str]| {
        journal.write(event, targets);
        events += 1;
    };
    let mut live = Vec::new();
    for number in 0..CALLS {
        let call = format!("18{number}.{number}");
        write(new_call(&call, number), &["zammad"]);
        live.push((number, call));
        if live.len() > 20 {
            let (number, call) = live.remove(usize::try_from(number * 7 % 20).unwrap());
            for seq in 2..6 {
                write(ringing(&call, seq, number), &[]);
            }
            let user =
                AnsweredBy::User(Party { name: Some("Alice ".repeat(20)), ..Party::endpoint("PJSIP/alice") });
            write(event(&call, 6, number, EventKind::Answer { answered_by: user }), &["zammad"]);
            let mut over = hangup(&call, number);
            (over.seq, over.id) = (7, format!("{call}/7"));
            write(over, &["zammad"]);
            let memory =
                format!("{{\"card\":\"{}\"}}", "Kaptur ".repeat(number.unsigned_abs() as usize % 50 + 1));
            journal.store.write(StoreWrite::Memory(MemoryUpdate {
                target: target("zammad"),
                call: call.clone(),
                change: MemoryChange::Set(memory),
            }));
            let step = ExplanationStep {
                time: None,
                source: None,
                decision: Decision::Started,
                rule: None,
                text: format!(
                    "told to Alice {}",
                    "491761234567 ".repeat(usize::try_from(number % 90).unwrap() * 10)
                ),
                event: None,
            };
            journal.store.write(StoreWrite::Explanation { call, explanation: vec![step].into() });
        }
    }
    for (number, call) in live {
        let mut over = hangup(&call, number);
        (over.seq, over.id) = (2, format!("{call}/2"));
        write(over, &["zammad"]);
    }
    while events > 0 {
        let (committed, durable) = journal.committed();
        assert!(durable);
        for (_, id) in committed.iter().flat_map(|event| &event.deliveries) {
            settle(journal, *id);
        }
        events -= committed.len();
    }
}

/// The delivery is refused with a reply and a reason that quote numbers.
fn settle(journal: &Journal, delivery: DeliveryId) {
    let text = "who is 491761234567? ".repeat(usize::try_from(delivery.0 % 40).unwrap() + 1);
    for state in [StoredDeliveryState::Retry, StoredDeliveryState::Dead] {
        journal.store.write(StoreWrite::Attempt(DeliveryAttempt {
            delivery,
            at: at(0),
            duration: Duration::from_millis(5),
            outcome: format!("failed: HTTP 422: {text}"),
            status: Some(422),
            reply: Some(text.clone()),
        }));
        journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
            delivery,
            state,
            failures: Some(1),
            due_at: None,
            reason: Some(format!("HTTP 422: {text}")),
            may_have_arrived: false,
            at: at(0),
        }));
    }
}

/// Which of `words` are in the bytes of any file of the directory, and where.
fn found(directory: &Path, words: &[&'static str]) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for word in words {
            if memmem::find(&bytes, word.as_bytes()).is_some() {
                found.push((path.file_name().unwrap().to_string_lossy().into_owned(), *word));
            }
        }
    }
    found
}

fn check(how: PersonalDataPolicy) {
    let journal = Journal::new();
    let policy = policy(how);
    // The daemon sweeps when it starts.
    sweep(&journal, &policy, 0);
    write_calls(&journal);
    // Somebody waits for this one, so it keeps what it is delivered with.
    let mut kept = new_call("pending.1", 0);
    (kept.from, kept.from_name) = ("4955512345".into(), Some("Petra Pending".into()));
    (kept.to, kept.kind) = ("4955500000".into(), EventKind::NewCall { users: Vec::new() });
    journal.commit(kept.clone(), &["zammad"]);
    kept.seq = 2;
    kept.id = "pending.1/2".into();
    kept.kind = EventKind::Hangup { cause: Cause::Cancel, answered_by: None };
    journal.commit(kept, &["zammad"]);

    let before = found(journal.home.path(), &PERSONAL);
    for word in PERSONAL {
        assert!(before.iter().any(|(_, found)| *found == word), "{word} was never there");
    }
    assert_eq!(sweep(&journal, &policy, 2 * DAY).erased, usize::try_from(CALLS).unwrap());
    // While the log is being moved into the file it cannot be emptied, and a later sweep does that.
    while fs::metadata(journal.home.path().join("journal.db-wal")).unwrap().len() > 0 {
        sweep(&journal, &policy, 2 * DAY);
    }
    assert_eq!(found(journal.home.path(), &PERSONAL), []);
    assert_ne!(found(journal.home.path(), &["4955512345"]), [], "a pending delivery has lost its number");
    assert_ne!(found(journal.home.path(), &["Petra Pending"]), []);

    // The file is as sound as before, and says so.
    let db = Connection::open(&journal.path).unwrap();
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let free: i64 = db.query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
    assert_eq!(free, 0);
}

#[test]
fn erased_numbers_and_names_are_nowhere_in_the_files() {
    check(PersonalDataPolicy::Erase);
}

#[test]
fn hashed_numbers_and_names_are_nowhere_in_the_files() {
    check(PersonalDataPolicy::Hash);
}

#[test]
fn a_damaged_journal_that_was_set_aside_is_erased_too() {
    let home = tempfile::tempdir().unwrap();
    let aside = |milliseconds: i64| home.path().join(format!("journal.db.damaged-{milliseconds}"));
    let set_aside = at(DAY).as_millisecond();
    // One has a call that is due after a day, one a call that is not, one cannot be read, and one is older than all calls.
    let (due, young, unreadable, old) =
        (aside(set_aside), aside(set_aside + 1), aside(set_aside + 2), aside(at(-40 * DAY).as_millisecond()));
    for (path, ended) in [(&due, 0), (&young, DAY), (&old, 40 * DAY)] {
        let db = Connection::open(path).unwrap();
        db.execute_batch("CREATE TABLE calls (caller, started_at, ended_at, erased)").unwrap();
        db.execute("INSERT INTO calls VALUES ('491761234567', 0, ?1, 0)", [at(ended).as_millisecond()])
            .unwrap();
    }
    fs::write(&unreadable, "491761234567").unwrap();
    fs::write(format!("{}-wal", due.display()), "491761234567").unwrap();
    fs::write(home.path().join("journal.db.damaged-notes.txt"), "mine").unwrap();
    let journal = Journal::in_home(home);
    let keep = RetentionPolicy { personal_data: None, ..policy(PersonalDataPolicy::Erase) };
    assert_eq!(sweep(&journal, &keep, DAY + 100).damaged, 1, "older than what the journal keeps");
    assert!(!old.exists() && due.exists() && unreadable.exists());
    assert_eq!(sweep(&journal, &policy(PersonalDataPolicy::Erase), DAY + 100).damaged, 2);
    assert!(!due.exists() && !unreadable.exists() && young.exists());
    assert!(!Path::new(&format!("{}-wal", due.display())).exists());
    assert!(journal.home.path().join("journal.db.damaged-notes.txt").exists());
    assert_eq!(sweep(&journal, &policy(PersonalDataPolicy::Erase), 3 * DAY).damaged, 1);
    assert_eq!(found(journal.home.path(), &["491761234567"]), []);
}
