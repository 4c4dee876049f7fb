//! The phones that were published as ringing, and why they stop.

use jiff::Timestamp;
use ringwire_event::{Leg, Party, RingStopReason};

use super::keys::ChannelKey;

/// A phone that was published as ringing.
#[derive(Clone, Debug)]
pub(crate) struct RingingPhone {
    /// `None` where an earlier process published it.
    pub channel: Option<ChannelKey>,
    pub user: Party,
    pub leg: Option<Leg>,
    pub since: Option<Timestamp>,
    /// How often its call had been answered when it began to ring.
    pub answers: u32,
}

/// What is known of a leg that stops ringing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingEnd<'a> {
    /// The first Cause other than 0.
    pub cause: Option<u16>,
    /// The first DialStatus.
    pub status: Option<&'a str>,
    /// Its phone asked for its end.
    pub refused: bool,
    /// Its phone sent the call elsewhere.
    pub forwarded: bool,
    /// Somebody else took the call.
    pub taken: bool,
    /// The Local channel that it is rung through rang for as long as it may.
    pub rung_out: bool,
    /// The caller has hung up.
    pub caller_left: bool,
    /// Whether this connection brings HangupRequests at all.
    pub has_hangup_requests: bool,
}

impl RingEnd<'_> {
    /// Why the phone stopped ringing (`docs/events.md`, section 3).
    pub(crate) fn reason(&self) -> RingStopReason {
        match self.cause {
            _ if self.forwarded => RingStopReason::Forwarded,
            Some(23) if self.refused => RingStopReason::Forwarded,
            Some(26) => RingStopReason::AnsweredElsewhere,
            Some(17) if self.refused => RingStopReason::Busy,
            Some(18 | 19) if self.refused => RingStopReason::TimedOut,
            None | Some(0 | 16 | 21) if self.refused => RingStopReason::Declined,
            Some(_) if self.refused => RingStopReason::Failed,
            // Before 12 a phone's refusal is not always asked for by the phone's own channel.
            Some(17) => RingStopReason::Busy,
            Some(21) => RingStopReason::Declined,
            _ if self.taken => RingStopReason::AnsweredElsewhere,
            _ if self.caller_left => RingStopReason::GaveUp,
            Some(18 | 19) => RingStopReason::TimedOut,
            _ => self.reason_by_status(),
        }
    }

    fn reason_by_status(&self) -> RingStopReason {
        match self.status {
            // Up to 11 a Dial has one status, and that comes after its legs have ended.
            _ if self.rung_out => RingStopReason::TimedOut,
            Some("NOANSWER") | None => RingStopReason::TimedOut,
            Some("BUSY") => RingStopReason::Busy,
            Some("CHANUNAVAIL" | "CONGESTION" | "INVALIDARGS") => RingStopReason::Failed,
            Some("DONTCALL" | "TORTURE") => RingStopReason::Declined,
            Some("CANCEL") if !self.has_hangup_requests => RingStopReason::GaveUp,
            Some(_) => RingStopReason::Cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: RingEnd<'_> = RingEnd {
        cause: None,
        status: None,
        refused: false,
        forwarded: false,
        taken: false,
        rung_out: false,
        caller_left: false,
        has_hangup_requests: true,
    };

    #[test]
    fn what_the_phone_did_comes_before_what_the_pbx_says_of_it() {
        let check = |end: RingEnd<'_>, expected| assert_eq!(end.reason(), expected, "{end:?}");
        let refused = RingEnd { refused: true, ..END };
        check(RingEnd { cause: Some(21), status: Some("BUSY"), ..refused }, RingStopReason::Declined);
        check(RingEnd { cause: Some(21), status: Some("NOANSWER"), ..refused }, RingStopReason::Declined);
        check(RingEnd { cause: Some(17), status: Some("BUSY"), ..refused }, RingStopReason::Busy);
        check(RingEnd { cause: Some(20), ..refused }, RingStopReason::Failed);
        check(RingEnd { cause: Some(26), status: Some("CANCEL"), ..END }, RingStopReason::AnsweredElsewhere);
        check(RingEnd { forwarded: true, status: Some("CANCEL"), ..END }, RingStopReason::Forwarded);
    }

    #[test]
    fn who_ended_the_ringing_comes_before_its_status() {
        let check = |end: RingEnd<'_>, expected| assert_eq!(end.reason(), expected, "{end:?}");
        check(RingEnd { taken: true, status: Some("NOANSWER"), ..END }, RingStopReason::AnsweredElsewhere);
        check(RingEnd { caller_left: true, status: Some("CANCEL"), ..END }, RingStopReason::GaveUp);
        check(RingEnd { status: Some("NOANSWER"), ..END }, RingStopReason::TimedOut);
        check(END, RingStopReason::TimedOut);
        check(RingEnd { status: Some("CANCEL"), ..END }, RingStopReason::Cancelled);
        let filtered = RingEnd { has_hangup_requests: false, ..END };
        check(RingEnd { status: Some("CANCEL"), ..filtered }, RingStopReason::GaveUp);
    }
}
