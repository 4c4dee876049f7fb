//! What is written stays, once, in order, under numbers that are never given again.

use std::{fs, sync::Arc};

use ringwire_event::EventKind;
use ringwire_outbox::{
    delivery::DeliveryId,
    store::{NewEvent, Report, StateChange, StoredState, Write},
};

use crate::support::{Journal, answer, at, endpoint, event, hangup, new_call, open};

#[test]
fn numbers_rise_and_go_on_after_a_restart() {
    let journal = Journal::new();
    assert_eq!(journal.commit(new_call("a", 0), &["zammad", "crm"]), [DeliveryId(1), DeliveryId(2)]);
    assert_eq!(journal.commit(answer("a", 5), &["zammad"]), [DeliveryId(3)]);
    let journal = journal.reopened();
    assert!(!journal.opened.unclean);
    assert_eq!(journal.commit(hangup("a", 9), &["zammad"]), [DeliveryId(4)]);
    assert_eq!(journal.owed("zammad"), [DeliveryId(1), DeliveryId(3), DeliveryId(4)]);
    assert_eq!(journal.owed("crm"), [DeliveryId(2)]);
}

#[test]
fn an_event_that_is_said_twice_is_owed_once() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    journal.write(new_call("a", 1), &["zammad"]);
    assert!(matches!(journal.report(), Report::Repeated { events: 1 }));
    assert_eq!(journal.commit(new_call("b", 2), &["zammad"]).len(), 1);
    assert_eq!(journal.owed("zammad").len(), 2);
}

#[test]
fn a_new_call_that_is_told_late_has_its_own_facts() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    let late = Arc::new(event("a", 1, 0, EventKind::NewCall { users: Vec::new() }));
    journal.store.write(Write::Event(NewEvent {
        event: Arc::clone(&late),
        owed: vec![endpoint("crm")],
        retold: true,
        recorded: at(3),
    }));
    journal.committed();
    let reader = journal.reader();
    let told = |name| reader.introduction(&endpoint(name), "a").unwrap().unwrap();
    assert_eq!(told("crm"), late);
    assert_eq!(*told("zammad"), new_call("a", 0));
    let page = reader.owed(&endpoint("crm"), DeliveryId(0), 10).unwrap();
    assert_eq!(page.owed.first().unwrap().event, late);
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
    assert_eq!(after.owed("zammad"), [DeliveryId(1)]);
}

#[test]
fn what_has_become_of_a_delivery_is_final() {
    let change = |journal: &Journal, state| {
        journal.store.write(Write::State(StateChange {
            delivery: DeliveryId(1),
            state,
            failures: Some(1),
            due: Some(at(10)),
            reason: Some("no answer".to_owned()),
            at: at(1),
        }));
    };
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    change(&journal, StoredState::Retry);
    let journal = journal.reopened();
    let page = journal.reader().owed(&endpoint("zammad"), DeliveryId(0), 10).unwrap();
    let owed = page.owed.first().unwrap();
    assert_eq!((owed.failures, owed.due), (1, Some(at(10))));
    change(&journal, StoredState::Delivered);
    change(&journal, StoredState::Retry);
    assert!(journal.reopened().owed("zammad").is_empty());
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
    let (_, told) = events.first().unwrap().owed.first().unwrap().clone();
    journal.store.write(Write::State(StateChange {
        delivery: told,
        state: StoredState::Delivered,
        failures: Some(0),
        due: None,
        reason: None,
        at: at(1),
    }));
    journal.write(answer("a", 1), &["zammad"]);
    assert!(!journal.committed().1);

    fs::remove_file(&in_the_way).unwrap();
    assert!(matches!(journal.report(), Report::Healed { lost: 0 }));
    assert_eq!(journal.owed("zammad"), [DeliveryId(told.0 + 1)]);
    assert!(journal.commit(hangup("a", 2), &["zammad"]).first().unwrap().0 > told.0 + 1);
}
