//! The reply of a target, and what it means.

/// What a target replied.
#[derive(Clone, Copy, Debug)]
pub struct TargetReply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The headers, in the order in which they came; empty where no dialect reads them.
    pub headers: &'a [(String, String)],
    /// The body as far as it was read; it may be cut anywhere.
    pub body: &'a [u8],
    /// Scheme, host and port that a redirect leads to; the rest of its URL may hold a token.
    pub redirect: Option<&'a str>,
}

impl TargetReply<'_> {
    /// Whether the body is an HTML page, as servers in front of a target send them: a login, a maintenance note, an
    /// error page. It says nothing of the event.
    pub(crate) fn is_page(&self) -> bool {
        let is_html = |kind: &str| kind.trim_start().to_ascii_lowercase().starts_with("text/html");
        let text = self.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(self.body);
        self.content_type.is_some_and(is_html) || text.trim_ascii_start().starts_with(b"<")
    }
}

/// What a reply means for the delivery.
///
/// A reason names the status, the kind of the reply and what to do. It contains nothing of the body, no URL, no token and
/// no control characters, so it may be logged and shown to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyVerdict {
    /// The target has the event, and may ask something of the PBX.
    Delivered(Vec<Directive>),
    /// The target has the call that this newCall announces: it was told of it before.
    AlreadyExists,
    /// A failure that may pass, and that comes before the event is processed as far as anybody can tell: retry.
    Retry {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// Nobody knows whether the target has processed the event: retry where
    /// [`Dialect::repeat_rules`](crate::Dialect::repeat_rules) allows it.
    Unknown {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// The target does not know the call: let it know the call again, then send this event again. Where the reply was
    /// judged as [`JudgedReply::forgets`](crate::JudgedReply::forgets), the dialect does so with the next step; else
    /// the call's newCall is replayed.
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
    /// Send the call elsewhere.
    Route {
        /// An extension or a number.
        to: String,
    },
}
