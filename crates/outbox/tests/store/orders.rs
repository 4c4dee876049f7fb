//! What the operator orders holds, with a daemon and without.

use ringwire_outbox::{
    delivery::DeliveryId,
    store::{Report, Request, Requested, StateChange, StoredState, Taken, Write, request},
};

use crate::support::{Journal, at, endpoint, new_call};

fn state(journal: &Journal, id: i64) -> String {
    journal.reader().delivery(DeliveryId(id)).unwrap().unwrap().delivery.state
}

#[test]
fn a_running_daemon_takes_orders_from_the_file() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    let ask = |wanted| request(&journal.path, &[wanted], at(1)).unwrap();
    assert_eq!(ask(Request::Drop(DeliveryId(1))), Taken::ByDaemon);
    assert!(matches!(journal.report(), Report::Order(Requested::Drop(_, DeliveryId(1)))));
    assert_eq!(state(&journal, 1), "dropped");
    assert_eq!(ask(Request::Retry(DeliveryId(1))), Taken::ByDaemon);
    assert!(matches!(journal.report(), Report::Order(Requested::Retry(_, owed)) if owed.id == DeliveryId(1)));
    assert_eq!(ask(Request::Pause(endpoint("zammad"))), Taken::ByDaemon);
    assert!(matches!(journal.report(), Report::Order(Requested::Pause(_))));
    assert_eq!(state(&journal, 1), "paused");
    ask(Request::Resume(endpoint("zammad")));
    assert_eq!(state(&journal, 1), "pending");
}

#[test]
fn an_order_holds_from_the_next_start_where_no_daemon_runs() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    journal.commit(new_call("b", 0), &["zammad"]);
    for id in [1, 2] {
        journal.store.write(Write::State(StateChange {
            delivery: DeliveryId(id),
            state: StoredState::Dead,
            failures: Some(10),
            due: None,
            reason: Some("refused".to_owned()),
            at: at(1),
        }));
    }
    let Journal { home, path, store, .. } = journal;
    store.close(at(2));
    assert_eq!(request(&path, &[Request::RetryAll(endpoint("zammad"))], at(3)).unwrap(), Taken::AtNextStart);
    assert_eq!(request(&path, &[Request::Pause(endpoint("zammad"))], at(3)).unwrap(), Taken::AtNextStart);
    let journal = Journal::in_home(home);
    assert_eq!(journal.owed("zammad"), [DeliveryId(1), DeliveryId(2)]);
    let standings = journal.reader().resumption().unwrap().standings;
    assert_eq!(standings, [(endpoint("zammad"), "paused".to_owned(), Some("by the operator".to_owned()))]);
}

#[test]
fn there_must_be_a_journal_to_order_something() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.db");
    assert!(request(&path, &[Request::Pause(endpoint("zammad"))], at(0)).is_err());
    assert!(!path.exists());
}
