//! When it is too late to tell something.

use std::time::Duration;

use ringwire_event::EventKind;

/// For how long after it happened each kind of event is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A call is announced.
    pub new_call: Duration,
    /// A device starts to ring.
    pub ringing: Duration,
    /// Somebody takes the call.
    pub answer: Duration,
    /// Somebody puts the other on hold.
    pub hold: Duration,
    /// Somebody takes the other back from hold.
    pub unhold: Duration,
    /// The call is passed on.
    pub transfer: Duration,
    /// The call is over.
    pub hangup: Duration,
}

impl Lifetimes {
    /// Nothing is ever too late.
    pub const FOREVER: Self = Self::all(Duration::MAX);

    /// Each kind of event is worth telling for `lifetime`.
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

    /// For how long `what` is worth telling.
    #[must_use]
    pub const fn of(&self, what: &EventKind) -> Duration {
        match what {
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

impl Default for Lifetimes {
    /// What the record of a call is made of keeps for seven days, what changes while people talk for an hour, and
    /// a ringing for a minute.
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

/// What is told of a call that is over when its events come late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Late {
    /// Everything, in its order.
    #[default]
    All,
    /// Only that it came in, who took it last, and how it ended.
    Final {
        /// So long after it happened an event is late.
        after: Duration,
    },
}
