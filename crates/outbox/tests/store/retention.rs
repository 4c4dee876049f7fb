//! What the journal forgets, and what it keeps.

use std::{fs, time::Duration};

use ringwire_delivery::DeliveryId;
use ringwire_outbox::{
    CallFilter, DeliveryUpdate, PersonalDataPolicy, RetentionPolicy, StoreReport, StoreWrite,
    StoredDeliveryState, SweepSummary,
};

use crate::support::{Journal, answer, at, hangup, new_call, target};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn retention() -> RetentionPolicy {
    RetentionPolicy { age: 30 * DAY, size: u64::MAX, personal_data: None }
}

fn sweep(journal: &Journal, retention: RetentionPolicy, seconds: i64) -> SweepSummary {
    journal.store.sweep(retention, at(seconds));
    match journal.report() {
        StoreReport::Swept(swept) => swept,
        other => panic!("expected to be swept, not {other:?}"),
    }
}

fn calls(journal: &Journal) -> Vec<String> {
    let calls = journal.reader().calls(&CallFilter { limit: 10_000, ..CallFilter::default() }).unwrap();
    calls.into_iter().map(|call| call.id).collect()
}

fn ended_call(journal: &Journal, call: &str, seconds: i64, targets: &[&str]) -> Vec<DeliveryId> {
    let mut ids = journal.commit(new_call(call, seconds), targets);
    ids.extend(journal.commit(answer(call, seconds + 1), targets));
    ids.extend(journal.commit(hangup(call, seconds + 2), targets));
    ids
}

fn delivered(journal: &Journal, ids: &[DeliveryId]) {
    for delivery in ids {
        journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
            may_have_arrived: false,
            delivery: *delivery,
            state: StoredDeliveryState::Delivered,
            failures: Some(0),
            due_at: None,
            reason: None,
            at: at(0),
        }));
    }
}

#[test]
fn old_calls_are_removed_but_not_pending_or_live_ones() {
    let journal = Journal::new();
    let done = ended_call(&journal, "done", 0, &["zammad"]);
    delivered(&journal, &done);
    ended_call(&journal, "targets", 0, &["zammad"]);
    journal.commit(new_call("living", 0), &[]);
    let days = |days: i64| days * 24 * 3600;
    ended_call(&journal, "new", days(20), &[]);
    let small = RetentionPolicy { size: 1, ..retention() };
    assert_eq!(sweep(&journal, small, days(1)).removed, 2);
    assert_eq!(calls(&journal), ["targets", "living"]);
    assert_eq!(journal.pending("zammad").len(), 3);
    assert!(journal.reader().delivery(DeliveryId(1)).unwrap().is_none());
    // What nobody has fetched for as long as calls are kept is not kept for ever.
    assert_eq!(sweep(&journal, retention(), days(31)).removed, 1);
    assert_eq!(calls(&journal), ["living"]);
}

#[test]
fn a_journal_that_is_too_large_loses_its_oldest_calls_first() {
    let journal = Journal::new();
    for call in 0..250 {
        ended_call(&journal, &call.to_string(), call, &[]);
    }
    let small = RetentionPolicy { size: 1, ..retention() };
    let swept = sweep(&journal, small.clone(), 1000);
    assert!((1..=100).contains(&swept.removed) && swept.more, "{swept:?}");
    assert_eq!(calls(&journal).first(), Some(&swept.removed.to_string()));
    while sweep(&journal, small.clone(), 1000).more {}
    assert!(calls(&journal).is_empty());
}

#[test]
fn a_journal_that_is_shrunk_gives_its_space_back_and_its_log_stays_short() {
    let journal = Journal::new();
    let length = |name: &str| fs::metadata(journal.home.path().join(name)).map_or(0, |file| file.len());
    for call in 0..6000 {
        let call = call.to_string();
        journal.write(new_call(&call, 0), &[]);
        journal.write(hangup(&call, 2), &[]);
    }
    let mut committed = 0;
    while committed < 12_000 {
        committed += journal.committed().0.len();
    }
    let (small, mut log) = (RetentionPolicy { size: 1 << 20, ..retention() }, 0);
    while sweep(&journal, small.clone(), 1000).more {
        log = log.max(length("journal.db-wal"));
    }
    assert!(log < 64 << 20, "{log} bytes of log");
    let journal = journal.reopened();
    let size = fs::metadata(&journal.path).unwrap().len();
    assert!(size < 2 << 20, "{size} bytes are left");
}

/// It is on the same disk.
#[test]
fn the_log_counts_as_part_of_the_journal() {
    let journal = Journal::new();
    for call in 0..300 {
        journal.write(new_call(&call.to_string(), 0), &[]);
        journal.write(hangup(&call.to_string(), 2), &[]);
    }
    let journal = journal.reopened();
    ended_call(&journal, "last", 0, &[]);
    let length = |name: &str| fs::metadata(journal.home.path().join(name)).unwrap().len();
    let both = length("journal.db") + length("journal.db-wal");
    let fits = RetentionPolicy { size: 2 * both, ..retention() };
    assert_eq!(sweep(&journal, fits, 1000).removed, 0);
    let db = rusqlite::Connection::open(&journal.path).unwrap();
    let count = |name| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
    let used = (count("page_count") - count("freelist_count")).unsigned_abs() * 4096;
    let without_log = RetentionPolicy { size: used + 4096, ..retention() };
    assert!(sweep(&journal, without_log, 1000).removed > 0);
}

#[test]
fn numbers_and_names_go_after_their_time() {
    let journal = Journal::new();
    ended_call(&journal, "a", 0, &[]);
    ended_call(&journal, "b", 0, &[]);
    let erase = RetentionPolicy { personal_data: Some((DAY, PersonalDataPolicy::Erase)), ..retention() };
    assert_eq!(sweep(&journal, erase.clone(), 3600).erased, 0);
    assert_eq!(sweep(&journal, erase.clone(), 2 * 24 * 3600).erased, 2);
    assert_eq!(sweep(&journal, erase, 2 * 24 * 3600).erased, 0);
    let reader = journal.reader();
    let calls = reader.calls(&CallFilter { limit: 10, ..CallFilter::default() }).unwrap();
    let text = format!("{calls:?} {:?}", reader.events_after(0, 100).unwrap());
    for personal in ["491761234567", "Mustermann", "4930100", "Alice"] {
        assert!(!text.contains(personal), "{personal} is still there");
    }
    assert!(text.contains("PJSIP/alice") && text.contains("support"));
}

#[test]
fn a_hashed_number_is_the_same_each_time() {
    let journal = Journal::new();
    ended_call(&journal, "a", 0, &[]);
    ended_call(&journal, "b", 0, &[]);
    sweep(
        &journal,
        RetentionPolicy { personal_data: Some((DAY, PersonalDataPolicy::Hash)), ..retention() },
        2 * 24 * 3600,
    );
    let calls = journal.reader().calls(&CallFilter { limit: 10, ..CallFilter::default() }).unwrap();
    let [a, b] = calls.as_slice() else { panic!("two calls") };
    assert_eq!(a.from, b.from);
    assert!(a.from != a.to && a.from.starts_with('~') && !a.from.contains("4917"));
}

#[test]
fn a_pending_delivery_keeps_its_numbers() {
    let journal = Journal::new();
    ended_call(&journal, "a", 0, &["zammad"]);
    let erase = RetentionPolicy { personal_data: Some((DAY, PersonalDataPolicy::Erase)), ..retention() };
    assert_eq!(sweep(&journal, erase, 10 * 24 * 3600).erased, 0);
    let page = journal.reader().pending(&target("zammad"), DeliveryId(0), 10).unwrap();
    assert_eq!(page.deliveries.first().unwrap().event.from, "491761234567");
}
