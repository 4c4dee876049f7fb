//! How a target is to be sent to, and when it is too late to send something.

use std::time::Duration;

use ringwire_event::EventKind;

/// How a target is to be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryPolicy {
    /// How many concurrent requests it gets at most. It gets fewer when it replies slower to more.
    pub in_flight: usize,
    /// How long after it happened each kind of event is still worth sending.
    pub lifetimes: EventLifetimes,
    /// What is sent of a call that has ended when its events are late.
    pub late: LatePolicy,
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self { in_flight: 8, lifetimes: EventLifetimes::default(), late: LatePolicy::default() }
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
    /// A transfer.
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
    #[must_use]
    pub const fn of(&self, kind: &EventKind) -> Duration {
        match kind {
            EventKind::NewCall { .. } => self.new_call,
            EventKind::Ringing { .. } => self.ringing,
            EventKind::Answer { .. } => self.answer,
            EventKind::Hold { .. } => self.hold,
            EventKind::Unhold { .. } => self.unhold,
            EventKind::Transfer { .. } => self.transfer,
            EventKind::Hangup { .. } => self.hangup,
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
