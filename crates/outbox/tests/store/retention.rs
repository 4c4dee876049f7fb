//! What the journal forgets, and what it keeps.

use std::time::Duration;

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
    assert_eq!(
        sweep(&journal, small.clone(), 1000),
        SweepSummary { removed: 100, more: true, ..sweep_size(&journal) }
    );
    assert_eq!(calls(&journal).first().map(String::as_str), Some("100"));
    sweep(&journal, small.clone(), 1000);
    assert!(!sweep(&journal, small, 1000).more);
    assert!(calls(&journal).is_empty());
}

/// What a sweep that removes nothing says, which is the size.
fn sweep_size(journal: &Journal) -> SweepSummary {
    sweep(journal, retention(), 0)
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
