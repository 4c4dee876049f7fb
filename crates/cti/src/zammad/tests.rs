//! Events and replies as tables.

mod posts;
mod replies;

use ringwire_event::{CallEvent, Cause, Direction, Party, Taker, TransferKind, What};

fn event(direction: Direction, from: &str, to: &str, what: What) -> CallEvent {
    CallEvent {
        id: "1.0/1".into(),
        what,
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
    }
}

fn inbound(what: What) -> CallEvent {
    event(Direction::In, "491761234567", "4930300", what)
}

fn outbound(what: What) -> CallEvent {
    event(Direction::Out, "4930100", "491719876543", what)
}

fn internal(what: What) -> CallEvent {
    event(Direction::Internal, "101", "102", what)
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

fn new_call(users: &[Party]) -> What {
    What::NewCall { users: users.to_vec() }
}

fn answer(taker: Taker) -> What {
    What::Answer { taker }
}

fn hangup(cause: Cause, taker: Option<Taker>) -> What {
    What::Hangup { cause, taker }
}

fn far(number: &str) -> Taker {
    Taker::Number { number: number.into() }
}

/// One of every event of a call, in the order in which they come.
fn whole_call() -> Vec<What> {
    vec![
        new_call(&[alice()]),
        What::Ringing { user: alice() },
        answer(Taker::User(alice())),
        What::Hold { user: Some(alice()) },
        What::Unhold { user: None },
        What::Transfer { kind: TransferKind::Blind, user: None, target: Some("102".into()) },
        hangup(Cause::NormalClearing, Some(Taker::User(alice()))),
    ]
}
