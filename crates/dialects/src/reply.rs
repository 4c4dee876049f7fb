//! The reply of a target, and what it means.

/// What a target replied.
#[derive(Clone, Copy, Debug)]
pub struct TargetReply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body as far as it was read; it may be cut anywhere.
    pub body: &'a [u8],
    /// The host that a redirect leads to; the rest of its URL may hold a token.
    pub redirect: Option<&'a str>,
}

/// What a reply means for the delivery.
///
/// A reason names the status and a short excerpt of the reply. It contains no URL, no token and no control characters,
/// so it may be logged and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyVerdict {
    /// The target has the event, and may ask something of the PBX.
    Delivered(Vec<Directive>),
    /// A failure that may pass: retry.
    Retry {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// The target does not know the call: replay its newCall, then send this event again.
    UnknownCall {
        /// What the target said, for the operator.
        reason: String,
    },
    /// The target refused this one request: give up after a few attempts.
    Refused {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// The target will never accept this request: do not retry.
    Dead {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// The target accepts nothing until someone corrects a setting: hold its events and report it.
    Misconfigured {
        /// What went wrong and what to do, for the operator.
        reason: String,
    },
    /// The target wants no more events (410; Standard Webhooks 1.0, delivery success and failure): disable it until
    /// someone resumes it.
    Gone {
        /// What the target said and what to do, for the operator.
        reason: String,
    },
}

/// What a target asks of the PBX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directive {
    /// Reject the caller.
    Reject {
        /// Why, in the target's word (`busy`).
        reason: String,
    },
    /// Show this number to the called party.
    ShowNumber {
        /// E.164 digits.
        number: String,
    },
}
