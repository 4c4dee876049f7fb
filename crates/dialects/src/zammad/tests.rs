//! Events and the requests for them; replies and what they mean.

mod replies;
mod requests;

use ringwire_event::{AnsweredBy, CallEvent, CallFacts, Cause, Direction, EventKind, Party, TransferKind};

fn event(direction: Direction, from: &str, to: &str, kind: EventKind) -> CallEvent {
    CallEvent {
        id: "1.0/1".into(),
        kind,
        call: "pbx1-1795226702.0".into(),
        seq: 1,
        time: None,
        pbx: "main".into(),
        recovered: false,
        direction,
        from: from.into(),
        from_name: None,
        to: to.into(),
        queue: None,
        trunk: (direction != Direction::Internal).then(|| "PJSIP/trunk".into()),
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    }
}

fn inbound(kind: EventKind) -> CallEvent {
    event(Direction::In, "491761234567", "4930300", kind)
}

fn outbound(kind: EventKind) -> CallEvent {
    event(Direction::Out, "4930100", "491719876543", kind)
}

fn internal(kind: EventKind) -> CallEvent {
    event(Direction::Internal, "101", "102", kind)
}

fn user(name: &str, extension: &str) -> Party {
    Party {
        name: (!name.is_empty()).then(|| name.into()),
        extension: (!extension.is_empty()).then(|| extension.into()),
        ..Party::endpoint("PJSIP/phone")
    }
}

fn alice() -> Party {
    user("Alice Adams", "101")
}

fn new_call(users: &[Party]) -> EventKind {
    EventKind::NewCall { users: users.to_vec() }
}

fn answer(answered_by: AnsweredBy) -> EventKind {
    EventKind::Answer { answered_by }
}

fn hangup(cause: Cause, answered_by: Option<AnsweredBy>) -> EventKind {
    EventKind::Hangup { cause, answered_by }
}

fn far(number: &str) -> AnsweredBy {
    AnsweredBy::Number { number: number.into() }
}

/// One of every event of a call, in the order in which they come.
fn whole_call() -> Vec<EventKind> {
    vec![
        new_call(&[alice()]),
        EventKind::Ringing { user: alice() },
        answer(AnsweredBy::User(alice())),
        EventKind::Hold { user: Some(alice()) },
        EventKind::Unhold { user: None },
        EventKind::Transfer { kind: TransferKind::Blind, user: None, transfer_target: Some("102".into()) },
        hangup(Cause::NormalClearing, Some(AnsweredBy::User(alice()))),
    ]
}
