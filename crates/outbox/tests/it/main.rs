//! The deliveries, from outside: what is sent, when, and in which order.

#![cfg(test)]

mod delivery;

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_event::{CallEvent, Cause, Direction, EventKind};

/// `seconds` after the beginning of the test.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn event(call: &str, seq: u32, what: EventKind) -> Arc<CallEvent> {
    Arc::new(CallEvent {
        id: format!("{call}/{seq}"),
        kind: what,
        call: call.into(),
        seq,
        time: None,
        pbx: "main".into(),
        recovered: false,
        direction: Direction::In,
        from: "anonymous".into(),
        from_name: None,
        to: "4930100".into(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
    })
}

fn new_call(call: &str) -> Arc<CallEvent> {
    event(call, 1, EventKind::NewCall { users: Vec::new() })
}

fn hold(call: &str, seq: u32) -> Arc<CallEvent> {
    event(call, seq, EventKind::Hold { user: None })
}

fn hangup(call: &str, seq: u32) -> Arc<CallEvent> {
    event(call, seq, EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None })
}
