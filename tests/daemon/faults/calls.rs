//! Calls of every kind that Zammad distinguishes.

use std::{sync::Arc, time::Duration};

use ringwire_event::{AnsweredBy, CallEvent, CallFacts, Cause, Direction, EventKind, Party};

/// How a call ends in Zammad's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallKind {
    Missed,
    Answered,
    Transferred,
    Outbound,
    Voicemail,
    Forwarded,
}

impl CallKind {
    /// The kind of the `nth` call.
    pub(super) fn nth(nth: u32) -> Self {
        match nth % 8 {
            0..=2 => Self::Missed,
            3 | 4 => Self::Answered,
            5 => Self::Transferred,
            6 => Self::Outbound,
            _ if nth % 16 == 7 => Self::Voicemail,
            _ => Self::Forwarded,
        }
    }

    /// Whether it is listed as missed.
    pub(super) fn is_missed(self) -> bool {
        matches!(self, Self::Missed | Self::Voicemail)
    }
}

/// The user of the phone `extension`.
fn agent(extension: &str) -> AnsweredBy {
    let endpoint = format!("PJSIP/{extension}");
    AnsweredBy::User(Party {
        extension: Some(extension.to_owned()),
        name: Some(format!("Agent {extension}")),
        ..Party::endpoint(endpoint)
    })
}

/// The events of the `nth` call, each with its time after the beginning of the call.
pub(super) fn events(nth: u32) -> Vec<(Duration, Arc<CallEvent>)> {
    let kind = CallKind::nth(nth);
    let new_call = EventKind::NewCall { users: Vec::new() };
    let answer = |answered_by| EventKind::Answer { answered_by };
    let hangup = |cause, answered_by| EventKind::Hangup { cause, answered_by };
    let talked = Cause::NormalClearing;
    let steps = match kind {
        CallKind::Missed => vec![(0, new_call), (6, hangup(Cause::Cancel, None))],
        CallKind::Forwarded => vec![(0, new_call), (4, hangup(Cause::Forwarded, None))],
        CallKind::Answered => {
            vec![(0, new_call), (3, answer(agent("101"))), (9, hangup(talked, Some(agent("101"))))]
        }
        CallKind::Transferred => vec![
            (0, new_call),
            (3, answer(agent("101"))),
            (8, answer(agent("102"))),
            (20, hangup(talked, Some(agent("102")))),
        ],
        CallKind::Voicemail => vec![
            (0, new_call),
            (5, answer(AnsweredBy::Voicemail)),
            (12, hangup(talked, Some(AnsweredBy::Voicemail))),
        ],
        CallKind::Outbound => {
            let number = || AnsweredBy::Number { number: "491719876543".to_owned() };
            vec![(0, new_call), (3, answer(number())), (9, hangup(talked, Some(number())))]
        }
    };
    let direction = if kind == CallKind::Outbound { Direction::Out } else { Direction::In };
    let event = |(seq, (seconds, kind)): (u32, (u64, EventKind))| {
        let event = CallEvent {
            id: format!("call{nth}/{seq}"),
            kind,
            call: format!("call{nth}"),
            seq,
            time: None,
            pbx: "main".to_owned(),
            recovered: false,
            direction,
            from: format!("4917{nth:08}"),
            from_name: None,
            to: "4930100".to_owned(),
            queue: None,
            trunk: None,
            account: None,
            tenant: None,
            facts: CallFacts::default(),
        };
        (Duration::from_secs(seconds), Arc::new(event))
    };
    (1..).zip(steps).map(event).collect()
}
