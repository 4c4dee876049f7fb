use ringwire_event::{AnsweredBy, Cause, EventKind, Party};

use super::{testing::event, *};

fn told(call: &str, seq: u32, deliveries: &[(i64, &str)]) -> StreamEvent {
    let what = match seq {
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
        event: event(call, seq, what),
        cursor: Some(i64::from(seq)),
        recorded_at: None,
        deliveries: deliveries.iter().map(delivery).collect(),
    }
}

fn change(id: i64, state: &str, failures: u32) -> DeliveryProgress {
    let (target, state) = ("zammad".into(), state.into());
    DeliveryProgress { id, target, event: None, state, failures, reason: None }
}

fn merge() -> Merge {
    Merge::new(Filter::default(), true)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What is printed at `at`, in short.
fn said(merge: &mut Merge, at: u64) -> String {
    let mut said = Vec::new();
    while let Some(line) = merge.poll(ms(at)) {
        said.push(match line {
            Line::Event(shown) => {
                let states: Vec<_> = shown.told.deliveries.iter().map(|owed| owed.state.as_str()).collect();
                format!("{}[{}]", shown.told.event.id, states.join(","))
            }
            Line::Late(Late { delivery, of }) => {
                let what = of.what.unwrap_or("?");
                format!("late {} {} {what} {} {}", delivery.id, delivery.state, of.call, delivery.failures)
            }
        });
    }
    said.join(" ")
}

#[test]
fn an_event_waits_for_its_deliveries() {
    let mut merge = merge();
    merge.event(told("1.0", 1, &[(1, "pending"), (2, "pending")]), ms(0));
    assert_eq!(said(&mut merge, 0), "");
    assert_eq!(merge.deadline(), Some(HOLD));
    merge.change(change(1, "delivered", 0), ms(10));
    assert_eq!(said(&mut merge, 10), "");
    merge.change(change(2, "dead", 1), ms(20));
    assert_eq!(said(&mut merge, 20), "1.0/1[delivered,dead]");
    assert_eq!(merge.deadline(), None);
}

#[test]
fn but_not_for_ever_and_what_settles_later_has_its_own_line() {
    let mut merge = merge();
    merge.event(told("1.0", 1, &[(1, "pending"), (2, "pending")]), ms(0));
    merge.change(change(1, "retry", 1), ms(10));
    assert_eq!(said(&mut merge, 499), "");
    assert_eq!(said(&mut merge, 500), "1.0/1[retry,pending]");
    merge.change(change(2, "delivered", 0), ms(600));
    merge.change(change(1, "retry", 2), ms(700));
    merge.change(change(1, "delivered", 2), ms(900));
    merge.change(change(1, "delivered", 2), ms(901));
    assert_eq!(said(&mut merge, 1000), "late 2 delivered newCall 1.0 0 late 1 delivered newCall 1.0 2");
}

#[test]
fn nobody_overtakes() {
    let mut merge = merge();
    merge.event(told("1.0", 1, &[(1, "pending")]), ms(0));
    merge.event(told("2.0", 1, &[]), ms(10));
    merge.event(told("1.0", 2, &[(2, "pending")]), ms(400));
    merge.change(change(2, "delivered", 0), ms(410));
    assert_eq!(said(&mut merge, 410), "");
    merge.change(change(1, "delivered", 0), ms(420));
    assert_eq!(said(&mut merge, 420), "1.0/1[delivered] 2.0/1[] 1.0/2[delivered]");
}

#[test]
fn what_was_said_is_not_said_again() {
    let mut merge = merge();
    merge.event(StreamEvent { cursor: None, ..told("1.0", 1, &[]) }, ms(0));
    merge.event(told("1.0", 1, &[(1, "delivered")]), ms(10));
    merge.event(told("1.0", 2, &[(2, "delivered")]), ms(10));
    merge.event(told("1.0", 2, &[(2, "delivered")]), ms(20));
    assert_eq!(said(&mut merge, 20), "1.0/1[] 1.0/2[delivered]");
}

#[test]
fn a_change_may_come_before_its_event() {
    let mut merge = merge();
    merge.change(change(1, "delivered", 0), ms(0));
    merge.event(told("1.0", 1, &[(1, "pending")]), ms(1));
    assert_eq!(said(&mut merge, 1), "1.0/1[delivered]");
    for id in 0..5000 {
        merge.change(change(id, "delivered", 0), ms(2));
    }
    assert_eq!(merge.early.len(), EARLY);
}

#[test]
fn an_endpoint_may_come_late_to_a_call() {
    let mut merge = merge();
    merge.event(told("1.0", 1, &[]), ms(0));
    assert_eq!(said(&mut merge, 0), "1.0/1[]");
    for call in ["1.0", "9.0"] {
        let id = if call == "1.0" { 7 } else { 8 };
        merge.change(
            DeliveryProgress { event: Some(format!("{call}/1")), ..change(id, "pending", 0) },
            ms(10),
        );
        merge.change(change(id, "delivered", 0), ms(20));
    }
    assert_eq!(said(&mut merge, 20), "late 7 delivered ? 1.0 0");
}

#[test]
fn what_is_not_settled_can_be_asked_for() {
    let mut merge = merge();
    merge.event(told("1.0", 1, &[(1, "pending"), (2, "delivered")]), ms(0));
    assert_eq!(said(&mut merge, 500), "1.0/1[pending,delivered]");
    merge.event(told("1.0", 2, &[(3, "pending"), (4, "retry")]), ms(600));
    merge.change(change(4, "delivered", 1), ms(600));
    assert_eq!(merge.unsettled().collect::<Vec<_>>(), [3, 1]);
    merge.change(DeliveryProgress { event: Some("1.0/1".into()), ..change(1, "delivered", 0) }, ms(700));
    assert_eq!(merge.unsettled().collect::<Vec<_>>(), [3]);
    assert_eq!(said(&mut merge, 700), "late 1 delivered newCall 1.0 0");
}

#[test]
fn a_paused_endpoint_holds_nothing_up() {
    let mut merge = merge();
    merge.event(told("1.0", 1, &[(1, "paused")]), ms(0));
    assert_eq!(said(&mut merge, 0), "1.0/1[paused]");
    merge.change(change(1, "dropped", 0), ms(10));
    assert_eq!(said(&mut merge, 10), "late 1 dropped newCall 1.0 0");
}

#[test]
fn at_the_end_all_is_said() {
    let mut merge = merge();
    merge.event(told("1.0", 1, &[(1, "pending")]), ms(0));
    merge.finish();
    assert_eq!(said(&mut merge, 0), "1.0/1[pending]");
}

#[test]
fn without_deliveries_nothing_waits() {
    let mut merge = Merge::new(Filter::default(), false);
    merge.event(told("1.0", 1, &[(1, "pending")]), ms(0));
    merge.change(change(1, "delivered", 0), ms(0));
    assert_eq!(said(&mut merge, 0), "1.0/1[]");
}

#[test]
fn a_backlog_of_undelivered_events_is_bounded() {
    let mut merge = merge();
    for seq in 1..=3000 {
        merge.event(told("1.0", seq, &[(i64::from(seq), "retry")]), ms(0));
    }
    assert_eq!(merge.held.len(), HELD);
    let mut told = 0;
    while merge.poll(ms(0)).is_some() {
        told += 1;
    }
    assert_eq!(told, 2000);
}

#[test]
fn the_end_of_a_call_says_how_long_it_rang_and_was_talked() {
    let mut merge = merge();
    let mut last = None;
    for (call, seq) in [("1.0", 1), ("1.0", 2), ("1.0", 3), ("2.0", 1), ("2.0", 3), ("3.0", 3)] {
        merge.event(told(call, seq, &[]), ms(0));
        if let Some(Line::Event(shown)) = merge.poll(ms(0)) {
            last = Some((shown.rang, shown.talked));
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
    assert!(merge.calls.is_empty());
}
