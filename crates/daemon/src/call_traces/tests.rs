//! The events of a call, and the trace they make.

use std::sync::Arc;

use ringwire_event::{AnsweredBy, CallEvent, CallFacts, Cause, Direction, Party};
use ringwire_live::EventDelivery;

use super::{span::CallSpan, *};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn published(seq: u32, second: i64, what: EventKind, deliveries: &[i64]) -> PublishedEvent {
    let event = CallEvent {
        id: format!("c/{seq}"),
        kind: what,
        call: "c".into(),
        seq,
        time: Some(at(second)),
        pbx: "main".into(),
        recovered: false,
        direction: Direction::In,
        from: "491761234567".into(),
        from_name: Some("Casey".into()),
        to: "4930100".into(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    };
    let pending = |id: &i64| EventDelivery { id: *id, target: "zammad".into(), state: "pending".into() };
    PublishedEvent::new(
        Some(seq.into()),
        at(second),
        Arc::new(event),
        deliveries.iter().map(pending).collect(),
    )
}

fn settled(id: i64, state: &'static str, failures: u32) -> DeliveryProgress {
    let target = "zammad".to_owned();
    DeliveryProgress { id, target, event: None, state, failures, delay_ms: None, reason: None }
}

fn answer() -> EventKind {
    EventKind::Answer { answered_by: AnsweredBy::User(Party::endpoint("PJSIP/alice")) }
}

fn hangup() -> EventKind {
    EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None }
}

/// Each span as `NAME FROM-TO`, with what went wrong.
fn lines(trace: &CallTrace) -> Vec<String> {
    let second = |time: Timestamp| time.as_second() - 1_800_000_000;
    let line = |span: &CallSpan| {
        let error = span.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        format!("{} {}-{}{error}", span.name, second(span.began), second(span.ended))
    };
    trace.spans.iter().map(line).collect()
}

#[test]
fn a_call_is_one_trace_once_its_deliveries_are_settled() {
    let mut traces = CallTraces::default();
    traces.take(&published(1, 0, EventKind::NewCall { users: Vec::new() }, &[1]));
    traces.settle(&settled(1, "retry", 1), at(1));
    traces.take(&published(2, 5, answer(), &[2]));
    traces.take(&published(3, 10, EventKind::Hold { user: None }, &[]));
    traces.take(&published(4, 20, EventKind::Unhold { user: None }, &[]));
    traces.take(&published(5, 30, hangup(), &[3]));
    traces.settle(&settled(1, "delivered", 1), at(31));
    traces.settle(&settled(2, "dead", 3), at(32));
    assert_eq!(traces.poll(), None, "a delivery is under way");
    traces.settle(&settled(3, "delivered", 0), at(33));
    let trace = traces.poll().unwrap();
    assert_eq!(
        lines(&trace),
        [
            "call 0-30",
            "ring 0-5",
            "hold 10-20",
            "talk 5-30",
            "deliver zammad 0-31",
            "deliver zammad 5-32: dead",
            "deliver zammad 30-33"
        ]
    );
    let text = format!("{trace:?}");
    assert!(!text.contains("49176") && !text.contains("Casey"), "{text}");
    assert!(traces.open.is_empty() && traces.deliveries.is_empty() && traces.due.is_empty());
}

#[test]
fn what_does_not_settle_is_waited_for_a_minute() {
    let mut traces = CallTraces::default();
    traces.take(&published(1, 0, EventKind::NewCall { users: Vec::new() }, &[1]));
    traces.take(&published(2, 8, hangup(), &[]));
    traces.tick(at(67));
    assert_eq!(traces.poll(), None);
    traces.tick(at(68));
    assert_eq!(
        lines(&traces.poll().unwrap()),
        ["call 0-8", "ring 0-8", "deliver zammad 0-68: still under way"]
    );
    assert!(traces.open.is_empty() && traces.deliveries.is_empty() && traces.due.is_empty());
}

#[test]
fn a_call_whose_beginning_was_not_received_has_no_trace() {
    let mut traces = CallTraces::default();
    traces.take(&published(3, 0, hangup(), &[1]));
    traces.settle(&settled(1, "delivered", 0), at(1));
    assert_eq!(traces.poll(), None);
}
