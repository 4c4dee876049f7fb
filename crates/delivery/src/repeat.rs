//! What may be repeated when nobody knows whether the target has processed it.

use ringwire_event::{CallEvent, Cause, Direction, EventKind};

/// What is done with a delivery when the outcome of its request is unknown: the request was written, and no verdict on
/// it came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RepeatPolicy {
    /// It is sent again: that changes nothing if it was processed.
    #[default]
    AsIs,
    /// It is sent again without what disturbs people, such as opening a screen.
    Quietly,
    /// It is not sent again, since that would spoil what it has done. Its delivery ends as
    /// [`DeliveryState::Unknown`](crate::DeliveryState::Unknown).
    Never,
}

/// Which policy applies to which event and state of its call; the dialect of a target knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepeatRules {
    /// A new call.
    pub new_call: RepeatPolicy,
    /// An answer.
    pub answer: RepeatPolicy,
    /// The end of a call that counts as missed: it came in or was internal, nobody answered it, and it was not
    /// forwarded.
    pub missed_hangup: RepeatPolicy,
    /// The end of any other call.
    pub hangup: RepeatPolicy,
    /// Everything else that happens in a call.
    pub other: RepeatPolicy,
}

impl RepeatRules {
    /// The same `policy` for each kind of event.
    #[must_use]
    pub const fn all(policy: RepeatPolicy) -> Self {
        Self { new_call: policy, answer: policy, missed_hangup: policy, hangup: policy, other: policy }
    }

    /// The policy for `event`.
    #[must_use]
    pub fn policy(&self, event: &CallEvent) -> RepeatPolicy {
        match &event.kind {
            EventKind::NewCall { .. } => self.new_call,
            EventKind::Answer { .. } => self.answer,
            EventKind::Hangup { cause, answered_by: None }
                if event.direction != Direction::Out && *cause != Cause::Forwarded =>
            {
                self.missed_hangup
            }
            EventKind::Hangup { .. } => self.hangup,
            _ => self.other,
        }
    }
}
