//! The file of a journal that is open is deleted or replaced.

use std::fs;

use ringwire_delivery::DeliveryId;
use ringwire_outbox::{
    CommittedEvent, DeliveryUpdate, FileLoss, JournalCondition, StoreError, StoreReport, StoreWrite,
    StoredDeliveryState, check_journal,
};

use crate::support::{Journal, answer, at, hangup, new_call};

/// A journal with a call that is over and delivered, one that is over and pending, and one that goes on; and the numbers of
/// what is pending.
fn journal() -> (Journal, Vec<DeliveryId>) {
    let journal = Journal::new();
    for delivery in journal.commit(new_call("done", 0), &["zammad"]) {
        journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
            may_have_arrived: false,
            delivery,
            state: StoredDeliveryState::Delivered,
            failures: None,
            due_at: None,
            reason: None,
            at: at(1),
        }));
    }
    journal.commit(hangup("done", 1), &[]);
    journal.commit(new_call("pending", 2), &["zammad"]);
    journal.commit(hangup("pending", 3), &["zammad"]);
    journal.commit(new_call("live", 4), &[]);
    let pending = journal.pending("zammad");
    assert_eq!(pending.len(), 2);
    (journal, pending)
}

/// Waits until the loss was noticed and made good for; gives what was reported on the way.
fn made_good(journal: &Journal) -> Vec<StoreReport> {
    let mut reports = Vec::new();
    while !matches!(reports.last(), Some(StoreReport::Recovered { .. })) {
        reports.push(journal.report());
    }
    reports
}

fn check(journal: Journal, pending: &[DeliveryId], found: FileLoss) {
    let reports = made_good(&journal);
    let [
        StoreReport::Failing { error: StoreError::Lost { loss, .. } },
        StoreReport::Lost { loss: reported, .. },
        StoreReport::Recovered { lost: 0 },
    ] = &*reports
    else {
        panic!("{reports:?}")
    };
    assert_eq!((*loss, *reported), (found, found));
    // What is pending has the numbers that it had, and those that follow are new.
    let reader = journal.reader();
    assert_eq!(journal.pending("zammad"), *pending);
    let calls: Vec<_> = reader.recovered_state().unwrap().recent_calls;
    assert_eq!(calls, ["pending", "live"]);
    assert_eq!(reader.last_loss().unwrap().unwrap().found, found.to_string());
    journal.write(answer("live", 9), &["zammad"]);
    let (events, durable) = journal.committed();
    let [CommittedEvent { seq: 6, deliveries, .. }] = &*events else { panic!("{events:?}") };
    assert!(durable && deliveries.iter().all(|(_, id)| id.0 == 4));
    // It is an ordinary journal from here on.
    let journal = journal.reopened();
    assert!(!journal.opened.unclean);
    assert_eq!(journal.pending("zammad").len(), 3);
}

#[test]
fn a_journal_that_is_deleted_is_noticed_and_a_new_one_has_what_is_pending() {
    let (journal, pending) = journal();
    for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        let _ = fs::remove_file(journal.home.path().join(file));
    }
    assert_eq!(check_journal(&journal.path).unwrap(), JournalCondition::Deleted);
    check(journal, &pending, FileLoss::Deleted);
}

#[test]
fn a_journal_of_which_only_the_file_is_deleted_is_begun_anew() {
    let (journal, pending) = journal();
    fs::remove_file(&journal.path).unwrap();
    check(journal, &pending, FileLoss::Deleted);
}

#[test]
fn a_journal_that_is_replaced_is_noticed_and_the_other_file_kept() {
    let (journal, pending) = journal();
    let Journal { home, path, store, .. } = Journal::new();
    store.close(at(0));
    fs::rename(&path, &journal.path).unwrap();
    let reports = made_good(&journal);
    let [_, StoreReport::Lost { loss: FileLoss::Replaced, aside: Some(aside) }, _] = &*reports else {
        panic!("{reports:?}")
    };
    assert!(aside.starts_with(journal.home.path()) && aside.exists());
    assert_eq!(journal.pending("zammad"), pending);
    drop(home);
}
