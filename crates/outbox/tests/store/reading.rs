//! What the journal tells those who look at it.

use ringwire_delivery::{DeliveryId, TargetState};
use ringwire_event::{AnsweredBy, Cause, Digit, Direction, EventKind};
use ringwire_outbox::{
    CallCursor, CallFilter, DeliveryAttempt, DeliveryFilter, DeliveryUpdate, PendingCount, StoreReaders,
    StoreWrite, StoredDeliveryState, TargetUpdate,
};
use std::time::Duration;

use crate::support::{Journal, alice, answer, at, event, hangup, new_call, target};

#[test]
fn pending_deliveries_come_in_pages() {
    let journal = Journal::new();
    for call in 0..5 {
        journal.commit(new_call(&call.to_string(), 0), &["zammad", "crm"]);
    }
    let reader = journal.reader();
    let page = |after, limit| {
        let page = reader.pending(&target("crm"), DeliveryId(after), limit).unwrap();
        (
            page.deliveries.iter().map(|pending| pending.id.0).collect::<Vec<_>>(),
            page.is_complete,
            page.through.0,
        )
    };
    assert_eq!(page(0, 2), (vec![2, 4], false, 10));
    assert_eq!(page(4, 3), (vec![6, 8, 10], false, 10));
    assert_eq!(page(10, 3), (vec![], true, 10));
}

#[test]
fn a_daemon_that_starts_learns_what_the_one_before_it_left() {
    let journal = Journal::new();
    journal.commit(new_call("over", 0), &["zammad"]);
    journal.commit(hangup("over", 1), &["zammad"]);
    journal.commit(new_call("living", 2), &["zammad"]);
    journal.commit(answer("living", 3), &["zammad"]);
    let left = journal.reader().recovered_state().unwrap();
    assert_eq!(left.live_events, [new_call("living", 2), answer("living", 3)]);
    assert_eq!(left.live_targets, [("living".to_owned(), target("zammad"))]);
    assert_eq!(left.recent_calls, ["over", "living"]);
    assert_eq!(left.pending_targets, [target("zammad")]);
}

#[test]
fn the_history_says_who_called_and_how_it_went() {
    let journal = Journal::new();
    journal.commit(new_call("taken", 0), &[]);
    journal.commit(event("taken", 2, 12, EventKind::Answer { answered_by: AnsweredBy::User(alice()) }), &[]);
    journal.commit(hangup("taken", 72), &[]);
    journal.commit(new_call("missed", 100), &[]);
    journal
        .commit(event("missed", 2, 130, EventKind::Hangup { cause: Cause::Cancel, answered_by: None }), &[]);
    journal.commit(new_call("living", 200), &[]);
    let reader = journal.reader();
    let calls = |filter: CallFilter| {
        let calls = reader.calls(&CallFilter { limit: 10, ..filter }).unwrap();
        calls.into_iter().map(|call| call.id).collect::<Vec<_>>()
    };
    assert_eq!(calls(CallFilter::default()), ["taken", "missed", "living"]);
    assert_eq!(calls(CallFilter { missed: true, ..CallFilter::default() }), ["missed"]);
    assert_eq!(calls(CallFilter { live: true, ..CallFilter::default() }), ["living"]);
    assert_eq!(calls(CallFilter { since: Some(at(100)), ..CallFilter::default() }), ["missed", "living"]);
    assert_eq!(calls(CallFilter { user: Some("ALI".into()), ..CallFilter::default() }).len(), 3);
    assert_eq!(calls(CallFilter { user: Some("bob".into()), ..CallFilter::default() }).len(), 0);
    assert_eq!(calls(CallFilter { numbers: vec!["0176123".into()], ..CallFilter::default() }).len(), 0);
    assert_eq!(
        calls(CallFilter { numbers: vec!["999".into(), "176123".into()], ..CallFilter::default() }).len(),
        3
    );
    let taken = reader.calls(&CallFilter { limit: 10, ..CallFilter::default() }).unwrap().remove(0);
    assert_eq!((taken.ring_seconds(), taken.talk_seconds(), taken.is_missed()), (Some(12), Some(60), false));
    assert_eq!(taken.answered_by, Some(AnsweredBy::User(alice())));
    let newest = reader.calls(&CallFilter { limit: 1, ..CallFilter::default() }).unwrap();
    assert_eq!(newest.first().unwrap().id, "living");
}

#[test]
fn the_history_is_searched_and_read_in_pages() {
    let journal = Journal::new();
    for (call, seconds) in [("a", 0), ("b", 10), ("c", 10), ("d", 10), ("e", 30)] {
        journal.commit(new_call(call, seconds), &[]);
    }
    let reader = journal.reader();
    let check = |filter: CallFilter, expected: &str| {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = reader.call_page(&CallFilter { before, limit: 2, ..filter.clone() }).unwrap();
            found.push(page.calls.iter().map(|call| call.id.as_str()).collect::<String>());
            let Some(next) = page.next else { break };
            before = Some(next.to_string().parse::<CallCursor>().unwrap());
        }
        assert_eq!(found.join(" "), expected, "{filter:?}");
    };
    let any = CallFilter::default();
    let text = |text: &str| CallFilter { text: Some(text.into()), ..CallFilter::default() };
    check(any.clone(), "ed cb a");
    check(CallFilter { since: Some(at(10)), ..any.clone() }, "ed cb");
    check(CallFilter { until: Some(at(10)), ..any.clone() }, "a");
    check(CallFilter { queue: Some("support".into()), ..any.clone() }, "ed cb a");
    check(CallFilter { queue: Some("sales".into()), ..any.clone() }, "");
    check(CallFilter { direction: Some(Direction::In), until: Some(at(1)), ..any.clone() }, "a");
    check(CallFilter { direction: Some(Direction::Out), ..any }, "");
    check(text("0176 / 1234"), "ed cb a");
    check(text("(0)30-100"), "ed cb a");
    check(text("0176 / 999"), "");
    check(text("MUSTERMANN"), "ed cb a");
    check(text(" alice "), "ed cb a");
    check(text("endpoint"), "");
    check(text("'; --"), "");
    assert_eq!("1.2".parse::<CallCursor>().map(|cursor| cursor.to_string()), Ok("1.2".to_owned()));
    for nothing in ["", "1", "1.", "a.b", "1.2.3", "99999999999999999999.1"] {
        assert!(nothing.parse::<CallCursor>().is_err(), "{nothing}");
    }
}

#[test]
fn the_stream_has_the_deliveries_of_each_event() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad", "crm"]);
    journal.commit(new_call("b", 0), &[]);
    journal.commit(answer("a", 1), &["crm"]);
    let reader = journal.reader();
    let numbered = |record: &ringwire_outbox::StreamRecord| {
        let each = record.deliveries.iter().map(|(id, endpoint, state)| format!(" {id} {endpoint} {state}"));
        format!("{} {}{}", record.seq, record.event.id, each.collect::<String>())
    };
    let records = |records: Vec<_>| records.iter().map(numbered).collect::<Vec<_>>();
    let all = ["1 a/1 1 zammad pending 2 crm pending", "2 b/1", "3 a/2 3 crm pending"];
    assert_eq!(records(reader.stream_after(0, 10).unwrap()), all);
    assert_eq!(records(reader.stream_after(1, 1).unwrap()), all[1..2]);
    assert_eq!(records(reader.stream_after(3, 10).unwrap()), [""; 0]);
    assert_eq!(records(reader.stream_of_call("a", 10).unwrap()), [all[0], all[2]]);
    assert_eq!(reader.deliveries_of_call("a", 2).unwrap().len(), 2);
    assert_eq!(reader.call("a").unwrap().unwrap().id, "a");
    assert_eq!(reader.call("A").unwrap(), None);
}

#[test]
fn the_place_of_a_time_is_before_all_that_came_later() {
    let journal = Journal::new();
    assert_eq!(journal.reader().cursor_at(at(0)).unwrap(), 0);
    for second in [1, 2, 2, 5] {
        let event = std::sync::Arc::new(new_call(&journal.reader().last_event().unwrap().to_string(), 0));
        let (targets, is_replay, recorded_at) = (Vec::new(), false, at(second));
        journal.store.write(StoreWrite::Event(ringwire_outbox::NewEvent {
            event,
            targets,
            is_replay,
            recorded_at,
        }));
        journal.committed();
    }
    for (second, place) in [(0, 0), (1, 0), (2, 1), (3, 3), (5, 3), (6, 4)] {
        assert_eq!(journal.reader().cursor_at(at(second)).unwrap(), place, "{second}");
    }
}

#[test]
fn what_waits_is_counted_and_the_oldest_of_it_known() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad", "crm"]);
    journal.commit(answer("a", 1), &["crm"]);
    let waiting = |target: &str, count| PendingCount { target: target.into(), count, oldest: Some(at(0)) };
    assert_eq!(journal.reader().pending_counts().unwrap(), [waiting("crm", 2), waiting("zammad", 1)]);
}

#[test]
fn readers_follow_a_file_that_takes_the_place_of_another() {
    let (one, other) = (Journal::new(), Journal::new());
    other.commit(new_call("a", 0), &[]);
    let readers = StoreReaders::new(&one.path);
    assert_eq!(readers.read(|reader| reader.last_event()).unwrap(), 0);
    let path = other.path.clone();
    one.store.close(at(0));
    other.store.close(at(0));
    for beside in ["journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::remove_file(one.home.path().join(beside));
    }
    std::fs::rename(path, &one.path).unwrap();
    assert_eq!(readers.read(|reader| reader.last_event()).unwrap(), 1);
    std::fs::remove_file(&one.path).unwrap();
    assert!(readers.read(|reader| reader.last_event()).is_err());
}

#[test]
fn a_delivery_has_each_of_its_attempts() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad"]);
    let attempt = |seconds, outcome: &str, status| {
        journal.store.write(StoreWrite::Attempt(DeliveryAttempt {
            delivery: DeliveryId(1),
            at: at(seconds),
            duration: Duration::from_millis(250),
            outcome: outcome.to_owned(),
            status,
            reply: status.map(|_| "{}".to_owned()),
        }));
    };
    attempt(0, "no connection in time", None);
    attempt(2, "delivered", Some(200));
    journal.store.write(StoreWrite::Delivery(DeliveryUpdate {
        may_have_arrived: false,
        delivery: DeliveryId(1),
        state: StoredDeliveryState::Delivered,
        failures: Some(1),
        due_at: None,
        reason: None,
        at: at(2),
    }));
    let journal = journal.reopened();
    let detail = journal.reader().delivery(DeliveryId(1)).unwrap().unwrap();
    assert_eq!((detail.delivery.state.as_str(), detail.delivery.failures), ("delivered", 1));
    let attempts: Vec<_> =
        detail.attempts.iter().map(|one| (one.outcome.as_str(), one.status, one.duration_ms)).collect();
    assert_eq!(attempts, [("no connection in time", None, 250), ("delivered", Some(200), 250)]);
    assert!(journal.reader().delivery(DeliveryId(99)).unwrap().is_none());
}

#[test]
fn deliveries_are_listed_by_target_state_and_call() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["zammad", "crm"]);
    journal.commit(new_call("b", 0), &["zammad"]);
    let reader = journal.reader();
    let list = |filter: DeliveryFilter| {
        let list = reader.deliveries(&DeliveryFilter { limit: 10, ..filter }).unwrap();
        list.into_iter().map(|delivery| delivery.id).collect::<Vec<_>>()
    };
    assert_eq!(list(DeliveryFilter::default()), [1, 2, 3]);
    assert_eq!(list(DeliveryFilter { target: Some("zammad".into()), ..DeliveryFilter::default() }), [1, 3]);
    assert_eq!(list(DeliveryFilter { call: Some("a".into()), ..DeliveryFilter::default() }), [1, 2]);
    assert!(
        list(DeliveryFilter { states: vec![StoredDeliveryState::Dead], ..DeliveryFilter::default() })
            .is_empty()
    );
    journal.store.write(StoreWrite::Target(TargetUpdate {
        target: target("crm"),
        state: TargetState::Misconfigured { reason: "HTTP 401".to_owned() },
        at: at(5),
    }));
    let journal = journal.reopened();
    let reader = journal.reader();
    let states = |states: &[StoredDeliveryState], paused| {
        let filter =
            DeliveryFilter { states: states.to_vec(), paused, limit: 10, ..DeliveryFilter::default() };
        reader.deliveries(&filter).unwrap().into_iter().map(|delivery| delivery.id).collect::<Vec<_>>()
    };
    assert_eq!(states(&[StoredDeliveryState::Pending], false), [1, 3]);
    assert_eq!(states(&[], true), [2]);
    assert_eq!(states(&[StoredDeliveryState::Pending, StoredDeliveryState::Dead], true), [1, 2, 3]);
    assert!(states(&[StoredDeliveryState::Delivered], false).is_empty());
    let [crm] = &reader.targets().unwrap()[..] else { panic!() };
    assert_eq!(
        (crm.state.as_str(), crm.reason.as_deref(), crm.since),
        ("misconfigured", Some("HTTP 401"), at(5))
    );
    let tallies = reader.tallies().unwrap();
    let counts: Vec<_> =
        tallies.iter().map(|one| (one.target.as_str(), one.state.as_str(), one.count)).collect();
    assert_eq!(counts, [("crm", "pending", 1), ("zammad", "pending", 2)]);
}

#[test]
fn no_file_has_the_keys_that_are_pressed() {
    let journal = Journal::new();
    journal.commit(new_call("a", 0), &["crm"]);
    let digit = Some(Digit::new("7DIGIT7"));
    journal.commit(event("a", 2, 1, EventKind::Dtmf { digit, user: Some(alice()) }), &["crm"]);
    let stored = &journal.reader().recovered_state().unwrap().live_events[1];
    assert!(matches!(stored.kind, EventKind::Dtmf { digit: None, user: Some(_) }), "{stored:?}");
    for file in std::fs::read_dir(journal.home.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"7DIGIT7"));
    }
}
