//! What really happened, and who could have known.

use std::time::Duration;

/// One call, as the exchange knows it. Times are counted from the exchange's first moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The caller's number, which no other call has.
    pub number: u64,
    /// The Uniqueid of the caller's leg.
    pub uniqueid: String,
    /// The second, since 1970, in which the PBX that had this call was started.
    pub epoch: i64,
    /// What kind of call it is: the name of the recording that it follows.
    pub kind: &'static str,
    /// When it began.
    pub begun: Duration,
    /// When it was answered.
    pub answered: Option<Duration>,
    /// When it ended; a restart ends all calls.
    pub ended: Option<Duration>,
    /// Whether a restart ended it, and not a party: there is no `Hangup` then.
    pub lost: bool,
    /// What of it a client was sent.
    pub told: Told,
}

/// What a client was sent of a call, whole, on a connection that delivered it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How it began.
    pub begun: bool,
    /// That it goes on, in a list of channels.
    pub listed: bool,
    /// That it was answered.
    pub answered: bool,
    /// How it ended.
    pub ended: bool,
}

impl Entry {
    /// Whether a client has heard of this call. One that began and ended in a gap nobody can know of.
    #[must_use]
    pub fn must_be_known(&self) -> bool {
        self.told.begun || self.told.listed
    }
}

/// What is told of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Begun,
    Listed,
    Answered,
    Ended,
}

impl Told {
    pub(super) fn note(&mut self, what: What) {
        match what {
            What::Begun => self.begun = true,
            What::Listed => self.listed = true,
            What::Answered => self.answered = true,
            What::Ended => self.ended = true,
        }
    }
}
