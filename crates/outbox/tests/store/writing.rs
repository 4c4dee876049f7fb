//! What is written stays, once, in order, under numbers that are never used again.

use std::{fs, sync::Arc};

use ringwire_delivery::DeliveryId;
use ringwire_event::EventKind;
use ringwire_outbox::{DeliveryUpdate, NewEvent, StoreReport, StoreWrite, StoredDeliveryState};

use crate::support::{Journal, answer, at, event, hangup, new_call, open, target};

#[test]
fn numbers_rise_and_go_on_after_a_restart() {
    let journal = Journal::new();
    assert_eq!(journal.commit(new_call("a", 0), &["zammad", "crm"]), [DeliveryId(1), DeliveryId(2)]);
    assert_eq!(journal.commit(answer("a", 5), &["zammad"]), [DeliveryId(3)]);
    let journal = journal.reopened();
    assert!(!journal.opened.unclean);
    assert_eq!(journal.commit(hangup("a", 9), &["zammad"]), [DeliveryId(4)]);
    assert_eq!(journal.pending("zammad"), [DeliveryId(1), DeliveryId(3), DeliveryId(4)]);
    assert_eq!(journal.pending("crm"), [DeliveryId(2)]);
}

#[test]
fn an_event_that_is_written_twice_is_delivered_once() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    journal.write(new_call("a", 1), &["zammad"]);
    assert!(matches!(journal.report(), StoreReport::Repeated { events: 1 }));
    assert_eq!(journal.commit(new_call("b", 2), &["zammad"]).len(), 1);
    assert_eq!(journal.pending("zammad").len(), 2);
}

#[test]
fn a_replayed_new_call_has_its_own_facts() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    let late = Arc::new(event("a", 1, 0, EventKind::NewCall { users: Vec::new() }));
    journal.store.write(StoreWrite::Event(NewEvent {
        event: Arc::clone(&late),
        targets: vec![target("crm")],
        is_replay: true,
        recorded_at: at(3),
    }));
    journal.committed();
    let reader = journal.reader();
    let sent = |name| reader.opening_for(&target(name), "a").unwrap().remove(0);
    assert_eq!(sent("crm"), late);
    assert_eq!(*sent("zammad"), new_call("a", 0));
    let page = reader.pending(&target("crm"), DeliveryId(0), 10).unwrap();
    assert_eq!(page.deliveries.first().unwrap().event, late);
    assert_eq!(reader.last_event().unwrap(), 1);
}

#[test]
fn a_process_that_is_killed_leaves_what_it_committed() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    let copy = tempfile::tempdir().unwrap();
    for file in ["journal.db", "journal.db-wal"] {
        fs::copy(journal.home.path().join(file), copy.path().join(file)).unwrap();
    }
    let after = Journal::in_home(copy);
    assert!(after.opened.unclean && after.opened.set_aside.is_none());
    assert_eq!(after.pending("zammad"), [DeliveryId(1)]);
}

#[test]
fn the_outcome_of_a_delivery_is_final() {
    let change = |journal: &Journal, state| {
        journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
            may_have_arrived: false,
            delivery: DeliveryId(1),
            state,
            failures: Some(1),
            due_at: Some(at(10)),
            reason: Some("no answer".to_owned()),
            at: at(1),
        }));
    };
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    change(&journal, StoredDeliveryState::Retry);
    let journal = journal.reopened();
    let page = journal.reader().pending(&target("zammad"), DeliveryId(0), 10).unwrap();
    let pending = page.deliveries.first().unwrap();
    assert_eq!((pending.failures, pending.due_at), (1, Some(at(10))));
    change(&journal, StoredDeliveryState::Delivered);
    change(&journal, StoredDeliveryState::Retry);
    assert!(journal.reopened().pending("zammad").is_empty());
}

#[test]
fn a_disk_that_cannot_be_written_is_waited_for_and_nothing_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let in_the_way = home.path().join("state");
    fs::write(&in_the_way, "not a directory").unwrap();
    let path = in_the_way.join("journal.db");
    let (store, opened, reports) = open(&path).unwrap();
    assert!(opened.trouble.is_some());
    let journal = Journal { home, path, store, opened, reports };
    journal.write(new_call("a", 0), &["zammad"]);
    let (events, durable) = journal.committed();
    assert!(!durable);
    let (_, sent) = events.first().unwrap().deliveries.first().unwrap().clone();
    journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
        may_have_arrived: false,
        delivery: sent,
        state: StoredDeliveryState::Delivered,
        failures: Some(0),
        due_at: None,
        reason: None,
        at: at(1),
    }));
    journal.write(answer("a", 1), &["zammad"]);
    assert!(!journal.committed().1);

    fs::remove_file(&in_the_way).unwrap();
    assert!(matches!(journal.report(), StoreReport::Recovered { lost: 0 }));
    assert_eq!(journal.pending("zammad"), [DeliveryId(sent.0 + 1)]);
    assert!(journal.commit(hangup("a", 2), &["zammad"]).first().unwrap().0 > sent.0 + 1);
}

/// Under load events are on disk before they are in their tables: a process that is killed then leaves them, too, and
/// readers of the same process find them at once.
#[test]
fn what_was_committed_under_load_is_found_at_once_and_after_a_kill() {
    const EVENTS: usize = 2000;
    let journal = Journal::new();
    let mut copied = 0;
    let copy = tempfile::tempdir().unwrap();
    for call in 0..EVENTS {
        journal.write(new_call(&call.to_string(), 0), &["zammad"]);
    }
    let mut committed = 0;
    while committed < EVENTS {
        let (events, durable) = journal.committed();
        assert!(durable);
        committed += events.len();
        if copied == 0 && committed > EVENTS / 2 {
            copied = committed;
            for file in ["journal.db", "journal.db-wal"] {
                fs::copy(journal.home.path().join(file), copy.path().join(file)).unwrap();
            }
        }
    }
    let readers = journal.store.readers();
    assert_eq!(readers.read(|reader| reader.last_event()).unwrap(), i64::try_from(EVENTS).unwrap());
    let killed = Journal::in_home(copy);
    assert!(killed.opened.unclean);
    let events = killed.reader().events_after(0, EVENTS).unwrap();
    assert!(events.len() >= copied, "{} of {copied} events are left", events.len());
    let numbers: Vec<_> = events.iter().map(|(seq, _)| usize::try_from(*seq).unwrap()).collect();
    assert_eq!(numbers, Vec::from_iter(1..=events.len()));
    assert_eq!(killed.pending("zammad").len(), events.len().min(1000));
    let next = killed.commit(new_call("next", 0), &["zammad"]);
    assert_eq!(next, [DeliveryId(i64::try_from(events.len()).unwrap() + 1)]);
}

#[test]
fn an_event_that_is_written_twice_under_load_is_delivered_once() {
    let journal = Journal::new();
    for call in 0..200 {
        journal.write(new_call(&(call % 100).to_string(), 0), &["zammad"]);
    }
    let (mut committed, mut repeated) = (0, 0);
    while committed + repeated < 200 {
        match journal.report() {
            StoreReport::Committed { events, .. } => committed += events.len(),
            StoreReport::Repeated { events } => repeated += events,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((committed, repeated), (100, 100));
    let journal = journal.reopened();
    assert_eq!(journal.pending("zammad").len(), 100);
}

/// A writer that never rests does not let the log grow for ever.
#[test]
fn the_log_is_bounded_under_a_steady_load() {
    let journal = Journal::new();
    let log = journal.home.path().join("journal.db-wal");
    let (mut longest, mut written, mut restarts, mut call) = (0, 0, 0, 0);
    // Each round writes some megabytes, so the log is begun anew after some of them.
    for _ in 0..300 {
        if restarts == 2 {
            break;
        }
        for _ in 0..500 {
            let mut event = new_call(&call.to_string(), 0);
            event.from_name = Some("x".repeat(4000));
            journal.write(event, &[]);
            call += 1;
        }
        let mut committed = 0;
        while committed < 500 {
            committed += journal.committed().0.len();
        }
        let frames = salt(&log);
        restarts += u32::from(written != frames && written != 0);
        written = frames;
        longest = longest.max(fs::metadata(&log).unwrap().len());
    }
    assert_eq!(restarts, 2, "{longest} bytes of log");
    assert!(longest < 256 << 20, "{longest} bytes of log");
}

/// What the header of the log changes each time it is begun anew.
fn salt(log: &std::path::Path) -> u64 {
    let bytes = fs::read(log).unwrap();
    u64::from_be_bytes(bytes.get(16..24).unwrap().try_into().unwrap())
}
