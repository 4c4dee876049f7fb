//! A ring round, and why its legs did not answer.

use ringwire_event::Cause;

use super::keys::ChannelKey;

/// The legs rung together, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct RingRound {
    pub legs: Vec<RingLeg>,
    /// The result of earlier rounds.
    earlier: Option<Cause>,
    /// A queue gave the call up.
    pub queue_gave_up: bool,
}

/// A phone or trunk that was dialled. It outlives its channel, for its result counts to the end of the call.
#[derive(Debug)]
pub(crate) struct RingLeg {
    pub channel: ChannelKey,
    pub dialler: Option<ChannelKey>,
    /// Whether it is a phone or a trunk; a Local channel only keeps the round open.
    pub party: bool,
    /// Still ringing, or about to.
    pub open: bool,
    /// Sent on elsewhere by its own phone: gives no result.
    pub forwarded: bool,
    /// The phone of the caller, whom Originate calls first: it says nothing of whom is called.
    pub own: bool,
    /// Its dialling ended because the caller was gone.
    cancelled: bool,
    /// Its phone picked up: it answered, unless it never talked with the caller.
    picked_up: bool,
    /// Its phone asked for its end.
    pub refused: bool,
    /// Another phone has picked up what it rang for.
    pub taken: bool,
    /// The Local channel that it is rung through rang for as long as it may.
    pub rung_out: bool,
    cause: Option<u16>,
    status: Option<Cause>,
    /// The first DialStatus, whatever it is.
    dial_status: Option<String>,
}

impl RingLeg {
    pub(crate) fn new(channel: ChannelKey, dialler: Option<ChannelKey>, party: bool) -> Self {
        Self {
            channel,
            dialler,
            party,
            open: true,
            forwarded: false,
            own: false,
            cancelled: false,
            picked_up: false,
            refused: false,
            taken: false,
            rung_out: false,
            cause: None,
            status: None,
            dial_status: None,
        }
    }

    /// Takes the Cause of a HangupRequest or Hangup: the first other than 0 counts.
    pub(crate) fn take_cause(&mut self, cause: u16) {
        if cause != 0 && self.cause.is_none() {
            self.cause = Some(cause);
        }
    }

    /// Takes a DialStatus: the first that the table knows counts.
    pub(crate) fn take_status(&mut self, status: &str) {
        // A queue that gives a call up reports CANCEL as well, after the true status.
        self.cancelled |= status == "CANCEL" && self.status.is_none();
        // What a subroutine returns that asked the phone whether to take the call stands there too.
        self.picked_up |= matches!(status, "ANSWER" | "CONTINUE" | "ABORT") || status.starts_with("GOTO:");
        if self.status.is_none() {
            self.status = cause_of_dial_status(status);
        }
        if self.dial_status.is_none() {
            self.dial_status = Some(status.to_owned());
        }
    }

    /// The first Cause other than 0, and the first DialStatus.
    pub(crate) fn end(&self) -> (Option<u16>, Option<&str>) {
        (self.cause, self.dial_status.as_deref())
    }

    /// Whether it has a DialStatus.
    pub(crate) fn has_status(&self) -> bool {
        self.status.is_some()
    }

    /// Whether its phone picked up, but did not accept the call when asked.
    fn has_declined(&self) -> bool {
        self.picked_up && self.party && !self.own && !self.forwarded && self.result().is_none()
    }

    /// Why this leg did not answer (call rules 4.3): its cause, or its DialStatus where the cause is 0 or 16.
    pub(crate) fn result(&self) -> Option<Cause> {
        match self.cause {
            _ if self.forwarded || self.own || !self.party => None,
            None | Some(0 | 16) => self.status,
            Some(cause) => cause_of_code(cause),
        }
    }
}

impl RingRound {
    pub(crate) fn leg(&mut self, channel: ChannelKey) -> Option<&mut RingLeg> {
        self.legs.iter_mut().rev().find(|leg| leg.channel == channel)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.legs.iter().any(|leg| leg.open)
    }

    /// Whether phones were rung, and none is any more; a Local channel is no phone.
    pub(crate) fn is_rung_out(&self) -> bool {
        let mut phones = self.legs.iter().filter(|leg| leg.party && !leg.own).peekable();
        phones.peek().is_some() && phones.all(|leg| !leg.open)
    }

    /// Whether a phone was still rung, or was until the caller was gone: what a caller leaves behind who gives up.
    pub(crate) fn is_left_by_caller(&self) -> bool {
        self.legs.iter().any(|leg| leg.party && !leg.own && !leg.forwarded && (leg.open || leg.cancelled))
    }

    /// The round after this one: it has no legs yet, but the results so far still count.
    pub(crate) fn next(&self) -> Self {
        Self { legs: Vec::new(), earlier: self.result(), queue_gave_up: false }
    }

    /// The result of all legs, with those of earlier rounds: one that rang out or declined outweighs a busy
    /// one, and so on. A phone that picked up has declined, for this is asked where nobody took the call.
    pub(crate) fn result(&self) -> Option<Cause> {
        let queue = self.queue_gave_up.then_some(Cause::NoAnswer);
        let legs = self.legs.iter().filter_map(RingLeg::result);
        let declined = self.legs.iter().any(RingLeg::has_declined).then_some(Cause::NoAnswer);
        legs.chain(declined).chain(queue).chain(self.earlier).min_by_key(|cause| weight(*cause))
    }
}

fn weight(cause: Cause) -> u8 {
    match cause {
        Cause::NoAnswer => 0,
        Cause::Busy => 1,
        Cause::NotFound => 2,
        Cause::Congestion => 3,
        Cause::NormalClearing | Cause::Cancel | Cause::Forwarded => 4,
    }
}

/// The cause that a Q.850 code gives a call that was not answered.
pub(crate) fn cause_of_code(cause: u16) -> Option<Cause> {
    Some(match cause {
        17 => Cause::Busy,
        18 | 19 | 21 => Cause::NoAnswer,
        1 | 2 | 3 | 20 | 22 | 28 => Cause::NotFound,
        34 | 38 | 41 | 42 | 44 | 47 | 50 | 58 | 63 | 88 | 102 | 127 => Cause::Congestion,
        _ => return None,
    })
}

/// The cause that a DialStatus gives a call that was not answered.
pub(crate) fn cause_of_dial_status(status: &str) -> Option<Cause> {
    Some(match status {
        "BUSY" => Cause::Busy,
        "NOANSWER" | "DONTCALL" | "TORTURE" => Cause::NoAnswer,
        "CHANUNAVAIL" | "INVALIDARGS" => Cause::NotFound,
        "CONGESTION" => Cause::Congestion,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(causes: &[u16], statuses: &[&str]) -> RingLeg {
        let mut leg = RingLeg::new(ChannelKey::default(), None, true);
        causes.iter().for_each(|cause| leg.take_cause(*cause));
        statuses.iter().for_each(|status| leg.take_status(status));
        leg
    }

    fn check(legs: Vec<RingLeg>, expected: Option<Cause>) {
        assert_eq!(RingRound { legs, ..RingRound::default() }.result(), expected);
    }

    #[test]
    fn the_cause_is_read_before_the_dial_status() {
        check(vec![leg(&[21], &["BUSY"])], Some(Cause::NoAnswer));
        check(vec![leg(&[1], &["NOANSWER"])], Some(Cause::NotFound));
        check(vec![leg(&[26], &["BUSY"])], None);
    }

    #[test]
    fn the_dial_status_counts_where_the_cause_says_nothing() {
        check(vec![leg(&[0, 16], &["NOANSWER"])], Some(Cause::NoAnswer));
        check(vec![leg(&[], &["CANCEL", "BUSY", "NOANSWER"])], Some(Cause::Busy));
    }

    #[test]
    fn the_weightiest_leg_speaks_for_the_round() {
        check(vec![leg(&[17], &[]), leg(&[19], &[])], Some(Cause::NoAnswer));
        check(vec![leg(&[34], &[]), leg(&[1], &[]), leg(&[17], &[])], Some(Cause::Busy));
        check(vec![leg(&[34], &[]), leg(&[1], &[])], Some(Cause::NotFound));
        check(vec![], None);
    }

    #[test]
    fn earlier_rounds_count_too() {
        let first = RingRound { legs: vec![leg(&[17], &[]), leg(&[21], &[])], ..RingRound::default() };
        let second = RingRound { legs: vec![leg(&[17], &[])], ..first.next() };
        assert_eq!(second.result(), Some(Cause::NoAnswer));
    }

    #[test]
    fn a_forwarded_leg_gives_no_verdict() {
        let mut forwarded = leg(&[17], &[]);
        forwarded.forwarded = true;
        check(vec![forwarded], None);
    }
}
