//! What happened in a simulated call, and what of it was sent to a client.

use std::time::Duration;

/// One call of a simulator. Times count from the start of the simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedCall {
    /// The caller's number, unique to this call.
    pub number: u64,
    /// The Uniqueid of the caller's channel.
    pub uniqueid: String,
    /// When the PBX of this call was started, in seconds since 1970.
    pub epoch: i64,
    /// The name of the recording that it follows.
    pub kind: &'static str,
    /// When it began.
    pub begun: Duration,
    /// When it was answered.
    pub answered: Option<Duration>,
    /// When it ended; a restart ends all calls.
    pub ended: Option<Duration>,
    /// Whether a restart ended it: then there is no `Hangup`.
    pub lost: bool,
    /// What of it was sent to a client.
    pub sent: SentEvents,
}

/// What of a call was sent to a client completely, on a connection that delivered it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentEvents {
    /// Its beginning.
    pub begun: bool,
    /// Its channels, in a list.
    pub listed: bool,
    /// Its answer.
    pub answered: bool,
    /// Its end.
    pub ended: bool,
}

impl SimulatedCall {
    /// Whether the daemon must report this call. A call that began and ended while no client was connected cannot be
    /// known.
    #[must_use]
    pub fn must_be_reported(&self) -> bool {
        self.sent.begun || self.sent.listed
    }
}

/// Something of a call that is sent to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentEvent {
    Begun,
    Listed,
    Answered,
    Ended,
}

impl SentEvents {
    pub(super) fn record(&mut self, event: SentEvent) {
        match event {
            SentEvent::Begun => self.begun = true,
            SentEvent::Listed => self.listed = true,
            SentEvent::Answered => self.answered = true,
            SentEvent::Ended => self.ended = true,
        }
    }
}
