//! How a target is to be sent to, and when it is too late to send something.

use std::time::Duration;

use ringwire_event::EventKind;

use crate::RepeatRules;

/// How a target is to be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryPolicy {
    /// How many concurrent requests it gets at most. It gets fewer when it replies slower to more.
    pub in_flight: usize,
    /// How long after it happened each kind of event is still worth sending.
    pub lifetimes: EventLifetimes,
    /// What is sent of a call that has ended when its events are late.
    pub late: LatePolicy,
    /// What is repeated when the outcome of a request is unknown.
    pub repeats: RepeatRules,
    /// How long after its commit an event of a call that has ended is sent as it is; from then on it is sent without what
    /// disturbs people, where [`DeliveryPolicy::repeats`] has it [`Quietly`](crate::RepeatPolicy::Quietly).
    pub quiet_after: Duration,
}

impl DeliveryPolicy {
    /// The default of [`DeliveryPolicy::quiet_after`]: a call may end within moments of its answer.
    pub const QUIET_AFTER: Duration = Duration::from_secs(5);
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self {
            in_flight: 8,
            lifetimes: EventLifetimes::default(),
            late: LatePolicy::default(),
            repeats: RepeatRules::default(),
            quiet_after: Self::QUIET_AFTER,
        }
    }
}

/// How long after it happened each kind of event is still worth sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventLifetimes {
    /// A new call.
    pub new_call: Duration,
    /// A device that starts to ring.
    pub ringing: Duration,
    /// An answer.
    pub answer: Duration,
    /// The other party is put on hold.
    pub hold: Duration,
    /// The other party is taken off hold.
    pub unhold: Duration,
    /// A transfer, and whatever else happens to a call between its answer and its end.
    pub transfer: Duration,
    /// The end of the call.
    pub hangup: Duration,
}

impl EventLifetimes {
    /// Nothing ever expires.
    pub const FOREVER: Self = Self::all(Duration::MAX);

    /// The same `lifetime` for each kind of event.
    #[must_use]
    pub const fn all(lifetime: Duration) -> Self {
        Self {
            new_call: lifetime,
            ringing: lifetime,
            answer: lifetime,
            hold: lifetime,
            unhold: lifetime,
            transfer: lifetime,
            hangup: lifetime,
        }
    }

    /// The lifetime of an event of this `kind`.
    ///
    /// An answer lives at least as long as the newCall, and a hangup as both: a call that was announced late would
    /// otherwise count as missed, or ring for ever.
    #[must_use]
    pub fn of(&self, kind: &EventKind) -> Duration {
        match kind {
            EventKind::NewCall { .. } => self.new_call,
            EventKind::Ringing { .. } | EventKind::Dtmf { .. } => self.ringing,
            // Who was told that a phone rings must be told that it no longer does.
            EventKind::RingingStopped { .. } => self.ringing.max(self.transfer),
            EventKind::Answer { .. } => self.answer.max(self.new_call),
            EventKind::Hold { .. } => self.hold,
            EventKind::Unhold { .. } => self.unhold,
            EventKind::Transfer { .. }
            | EventKind::Forwarded { .. }
            | EventKind::QueueEntered { .. }
            | EventKind::QueueLeft { .. }
            | EventKind::Parked { .. }
            | EventKind::Unparked { .. }
            | EventKind::ConferenceJoined { .. }
            | EventKind::ConferenceLeft { .. }
            | EventKind::RecordingStarted { .. } => self.transfer,
            // These belong to the record of the call.
            EventKind::RecordingStopped { .. } | EventKind::VoicemailLeft { .. } => self.hangup,
            EventKind::Hangup { .. } => self.hangup.max(self.answer).max(self.new_call),
        }
    }
}

impl Default for EventLifetimes {
    /// Seven days for what the record of a call is made of, an hour for what changes while people talk, and a minute
    /// for a ringing device.
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3600);
        Self {
            ringing: Duration::from_secs(60),
            hold: HOUR,
            unhold: HOUR,
            transfer: HOUR,
            ..Self::all(Duration::from_secs(7 * 24 * 3600))
        }
    }
}

/// What is sent of a call that has ended when its events are late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LatePolicy {
    /// Everything, in order.
    #[default]
    All,
    /// Only the newCall, the last answer and the hangup.
    Final {
        /// How long after it happened an event counts as late.
        after: Duration,
    },
}
