use ringwire_event::{AnsweredBy, Cause, EventKind, Party};

use super::*;
use crate::tail::test_events::event;

fn record(call: &str, seq: u32, deliveries: &[(i64, &str)]) -> StreamEvent {
    let kind = match seq {
        1 => EventKind::NewCall { users: Vec::new() },
        2 => EventKind::Answer { answered_by: AnsweredBy::User(Party::endpoint("PJSIP/alice")) },
        _ => EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None },
    };
    let delivery = |(id, state): &(i64, &str)| EventDelivery {
        id: *id,
        target: "zammad".into(),
        state: (*state).into(),
        failures: 0,
        reason: None,
    };
    StreamEvent {
        event: event(call, seq, kind),
        cursor: Some(i64::from(seq)),
        recorded_at: None,
        deliveries: deliveries.iter().map(delivery).collect(),
    }
}

fn change(id: i64, state: &str, failures: u32) -> DeliveryProgress {
    let (target, state) = ("zammad".into(), state.into());
    DeliveryProgress { id, target, event: None, state, failures, reason: None }
}

fn merger() -> EventMerger {
    EventMerger::new(EventFilter::default(), true)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What is printed at `at`, in short.
fn printed(merger: &mut EventMerger, at: u64) -> String {
    let mut printed = Vec::new();
    while let Some(line) = merger.poll(ms(at)) {
        printed.push(match line {
            TailLine::Event(entry) => {
                let states: Vec<_> =
                    entry.record.deliveries.iter().map(|unsettled| unsettled.state.as_str()).collect();
                format!("{}[{}]", entry.record.event.id, states.join(","))
            }
            TailLine::LateDelivery(LateDelivery { delivery, of }) => {
                let kind = of.kind.unwrap_or("?");
                format!("late {} {} {kind} {} {}", delivery.id, delivery.state, of.call, delivery.failures)
            }
        });
    }
    printed.join(" ")
}

#[test]
fn an_event_waits_for_its_deliveries() {
    let mut merger = merger();
    merger.add_event(record("1.0", 1, &[(1, "pending"), (2, "pending")]), ms(0));
    assert_eq!(printed(&mut merger, 0), "");
    assert_eq!(merger.deadline(), Some(DELIVERY_WAIT));
    merger.add_change(change(1, "delivered", 0), ms(10));
    assert_eq!(printed(&mut merger, 10), "");
    merger.add_change(change(2, "dead", 1), ms(20));
    assert_eq!(printed(&mut merger, 20), "1.0/1[delivered,dead]");
    assert_eq!(merger.deadline(), None);
}

#[test]
fn but_not_for_ever_and_what_settles_later_has_its_own_line() {
    let mut merger = merger();
    merger.add_event(record("1.0", 1, &[(1, "pending"), (2, "pending")]), ms(0));
    merger.add_change(change(1, "retry", 1), ms(10));
    assert_eq!(printed(&mut merger, 499), "");
    assert_eq!(printed(&mut merger, 500), "1.0/1[retry,pending]");
    merger.add_change(change(2, "delivered", 0), ms(600));
    merger.add_change(change(1, "retry", 2), ms(700));
    merger.add_change(change(1, "delivered", 2), ms(900));
    merger.add_change(change(1, "delivered", 2), ms(901));
    assert_eq!(printed(&mut merger, 1000), "late 2 delivered newCall 1.0 0 late 1 delivered newCall 1.0 2");
}

#[test]
fn nobody_overtakes() {
    let mut merger = merger();
    merger.add_event(record("1.0", 1, &[(1, "pending")]), ms(0));
    merger.add_event(record("2.0", 1, &[]), ms(10));
    merger.add_event(record("1.0", 2, &[(2, "pending")]), ms(400));
    merger.add_change(change(2, "delivered", 0), ms(410));
    assert_eq!(printed(&mut merger, 410), "");
    merger.add_change(change(1, "delivered", 0), ms(420));
    assert_eq!(printed(&mut merger, 420), "1.0/1[delivered] 2.0/1[] 1.0/2[delivered]");
}

#[test]
fn what_was_said_is_not_said_again() {
    let mut merger = merger();
    merger.add_event(StreamEvent { cursor: None, ..record("1.0", 1, &[]) }, ms(0));
    merger.add_event(record("1.0", 1, &[(1, "delivered")]), ms(10));
    merger.add_event(record("1.0", 2, &[(2, "delivered")]), ms(10));
    merger.add_event(record("1.0", 2, &[(2, "delivered")]), ms(20));
    assert_eq!(printed(&mut merger, 20), "1.0/1[] 1.0/2[delivered]");
}

#[test]
fn a_change_may_come_before_its_event() {
    let mut merger = merger();
    merger.add_change(change(1, "delivered", 0), ms(0));
    merger.add_event(record("1.0", 1, &[(1, "pending")]), ms(1));
    assert_eq!(printed(&mut merger, 1), "1.0/1[delivered]");
    for id in 0..5000 {
        merger.add_change(change(id, "delivered", 0), ms(2));
    }
    assert_eq!(merger.early.len(), MAX_EARLY);
}

#[test]
fn an_endpoint_may_come_late_to_a_call() {
    let mut merger = merger();
    merger.add_event(record("1.0", 1, &[]), ms(0));
    assert_eq!(printed(&mut merger, 0), "1.0/1[]");
    for call in ["1.0", "9.0"] {
        let id = if call == "1.0" { 7 } else { 8 };
        merger.add_change(
            DeliveryProgress { event: Some(format!("{call}/1")), ..change(id, "pending", 0) },
            ms(10),
        );
        merger.add_change(change(id, "delivered", 0), ms(20));
    }
    assert_eq!(printed(&mut merger, 20), "late 7 delivered ? 1.0 0");
}

#[test]
fn what_is_not_settled_can_be_asked_for() {
    let mut merger = merger();
    merger.add_event(record("1.0", 1, &[(1, "pending"), (2, "delivered")]), ms(0));
    assert_eq!(printed(&mut merger, 500), "1.0/1[pending,delivered]");
    merger.add_event(record("1.0", 2, &[(3, "pending"), (4, "retry")]), ms(600));
    merger.add_change(change(4, "delivered", 1), ms(600));
    assert_eq!(merger.unsettled().collect::<Vec<_>>(), [3, 1]);
    merger.add_change(DeliveryProgress { event: Some("1.0/1".into()), ..change(1, "delivered", 0) }, ms(700));
    assert_eq!(merger.unsettled().collect::<Vec<_>>(), [3]);
    assert_eq!(printed(&mut merger, 700), "late 1 delivered newCall 1.0 0");
}

#[test]
fn a_paused_endpoint_holds_nothing_up() {
    let mut merger = merger();
    merger.add_event(record("1.0", 1, &[(1, "paused")]), ms(0));
    assert_eq!(printed(&mut merger, 0), "1.0/1[paused]");
    merger.add_change(change(1, "dropped", 0), ms(10));
    assert_eq!(printed(&mut merger, 10), "late 1 dropped newCall 1.0 0");
}

#[test]
fn at_the_end_all_is_said() {
    let mut merger = merger();
    merger.add_event(record("1.0", 1, &[(1, "pending")]), ms(0));
    merger.finish();
    assert_eq!(printed(&mut merger, 0), "1.0/1[pending]");
}

#[test]
fn without_deliveries_nothing_waits() {
    let mut merger = EventMerger::new(EventFilter::default(), false);
    merger.add_event(record("1.0", 1, &[(1, "pending")]), ms(0));
    merger.add_change(change(1, "delivered", 0), ms(0));
    assert_eq!(printed(&mut merger, 0), "1.0/1[]");
}

#[test]
fn a_backlog_of_undelivered_events_is_bounded() {
    let mut merger = merger();
    for seq in 1..=3000 {
        merger.add_event(record("1.0", seq, &[(i64::from(seq), "retry")]), ms(0));
    }
    assert_eq!(merger.waiting.len(), MAX_WAITING);
    let mut record = 0;
    while merger.poll(ms(0)).is_some() {
        record += 1;
    }
    assert_eq!(record, 2000);
}

#[test]
fn the_end_of_a_call_says_how_long_it_rang_and_was_talked() {
    let mut merger = merger();
    let mut last = None;
    for (call, seq) in [("1.0", 1), ("1.0", 2), ("1.0", 3), ("2.0", 1), ("2.0", 3), ("3.0", 3)] {
        merger.add_event(record(call, seq, &[]), ms(0));
        if let Some(TailLine::Event(entry)) = merger.poll(ms(0)) {
            last = Some((entry.rang, entry.talked));
        }
        if seq == 3 {
            let expected = match call {
                "1.0" => (Some(10), Some(10)),
                "2.0" => (Some(20), None),
                _ => (None, None),
            };
            assert_eq!(last, Some(expected), "{call}");
        }
    }
    assert!(merger.calls.is_empty());
}
