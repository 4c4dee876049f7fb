//! Events for tests.

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallFacts, Direction, EventKind};

/// What happened to `call`, at a second of its own.
pub(super) fn event(call: &str, seq: u32, kind: EventKind) -> CallEvent {
    CallEvent {
        id: format!("{call}/{seq}"),
        kind,
        call: call.to_owned(),
        seq,
        time: Timestamp::from_second(1_800_000_000 + i64::from(seq) * 10).ok(),
        pbx: "main".to_owned(),
        recovered: false,
        direction: Direction::In,
        from: "491761234567".to_owned(),
        from_name: None,
        to: "4930100".to_owned(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    }
}
