//! A reply, as far as it was read, and what comes of it.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Response, header};
use ringwire_delivery::{DeliveryOutcome, RepeatPolicy};
use ringwire_dialects::{Directive, JudgedReply, ReplyVerdict, TargetReply, safe_excerpt};
use serde_json::Value;

use super::failure::RequestFailure;

/// How much of a reply is stored, in bytes.
const MAX_EXCERPT: usize = 1 << 10;

/// How many headers of a reply a dialect may read.
const MAX_HEADERS: usize = 100;

/// The result of sending a request for an event.
#[derive(Clone, Debug, PartialEq)]
pub struct SendResult {
    /// The outcome for the outbox.
    pub outcome: DeliveryOutcome,
    /// Instructions for the PBX.
    pub directives: Vec<Directive>,
    /// What later requests of the call need of the reply, by key.
    pub captures: Vec<(String, Value)>,
    /// Whether what was captured of the call before is to be forgotten.
    pub forgets: bool,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The beginning of the reply, safe to show: at most 1 KiB, without secrets and control characters. It may hold
    /// callers' numbers.
    pub reply: Option<String>,
}

/// A reply, as far as it was read.
#[derive(Clone, Debug)]
pub struct ReceivedReply {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub(super) content_type: Option<String>,
    /// The headers, where the dialect may read them.
    pub(super) headers: Vec<(String, String)>,
    /// The body, without the secrets of the request.
    pub body: Vec<u8>,
    /// The body as it came, where the dialect reads values from it: what is secret in a URL may be an id there.
    pub(super) whole: Option<Vec<u8>>,
    /// How long the target asked to wait before the next request.
    pub retry_after: Option<Duration>,
    /// Scheme, host and port that a redirect leads to.
    pub(super) redirect: Option<String>,
}

impl ReceivedReply {
    /// The reply as a dialect reads it.
    pub fn as_reply(&self) -> TargetReply<'_> {
        TargetReply {
            status: self.status,
            content_type: self.content_type.as_deref(),
            headers: &self.headers,
            body: self.whole.as_ref().unwrap_or(&self.body),
            redirect: self.redirect.as_deref(),
        }
    }

    /// The beginning of the body without secrets and control characters, for those who may see replies: it may hold
    /// callers' numbers. `None` if it is empty.
    pub fn excerpt(&self) -> Option<String> {
        match self.body.as_slice() {
            [] => None,
            body if body.contains(&0) => Some(format!("({} bytes of binary data)", body.len())),
            body => Some(safe_excerpt(body, MAX_EXCERPT)),
        }
    }

    /// The result of sending a request with the policy `repeat`, if the reply to it was judged so.
    pub(super) fn into_result(self, judged: JudgedReply, repeat: RepeatPolicy) -> SendResult {
        let JudgedReply { verdict, captures, forgets } = judged;
        let mut directives = Vec::new();
        let outcome = match verdict {
            ReplyVerdict::Delivered(requested) => {
                directives = requested;
                DeliveryOutcome::Delivered
            }
            ReplyVerdict::AlreadyExists => DeliveryOutcome::AlreadyExists,
            ReplyVerdict::Unknown { reason } => unknown(reason, repeat),
            ReplyVerdict::Retry { reason } => DeliveryOutcome::Retry { reason, after: self.retry_after },
            ReplyVerdict::UnknownCall { reason } => DeliveryOutcome::UnknownCall { reason },
            // It may have been processed, and is not tried again.
            ReplyVerdict::Refused { reason }
                if repeat == RepeatPolicy::Never && (200..300).contains(&self.status) =>
            {
                DeliveryOutcome::Dead { reason }
            }
            ReplyVerdict::Refused { reason } => DeliveryOutcome::Refused { reason },
            ReplyVerdict::Dead { reason } => DeliveryOutcome::Dead { reason },
            ReplyVerdict::Misconfigured { reason } => DeliveryOutcome::Misconfigured { reason },
            ReplyVerdict::Gone { reason } => DeliveryOutcome::Gone { reason },
        };
        let (status, reply) = (Some(self.status), self.excerpt());
        SendResult { outcome, directives, captures, forgets, status, reply }
    }
}

impl SendResult {
    /// The result of sending something to which there is no reply, or none that is read.
    pub(super) fn without_reply(outcome: DeliveryOutcome) -> Self {
        let (directives, captures) = (Vec::new(), Vec::new());
        Self { outcome, directives, captures, forgets: false, status: None, reply: None }
    }

    /// The result of sending a request with the policy `repeat` to which there is no complete reply.
    pub(super) fn failed(failure: RequestFailure, repeat: RepeatPolicy) -> Self {
        let RequestFailure { reason, is_permanent, is_unknown, status } = failure;
        let outcome = match (is_permanent, is_unknown) {
            (true, _) => DeliveryOutcome::Misconfigured { reason },
            (false, true) => unknown(reason, repeat),
            (false, false) => DeliveryOutcome::Retry { reason, after: None },
        };
        Self { status, ..Self::without_reply(outcome) }
    }
}

/// The outcome of a request that may have been processed.
pub(super) fn unknown(reason: String, repeat: RepeatPolicy) -> DeliveryOutcome {
    match repeat {
        RepeatPolicy::Never => DeliveryOutcome::UnknownForGood { reason },
        RepeatPolicy::AsIs | RepeatPolicy::Quietly => DeliveryOutcome::Unknown { reason },
    }
}

/// The headers of a reply that are text.
pub(super) fn headers(response: &Response) -> Vec<(String, String)> {
    let text = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    response.headers().iter().filter_map(text).take(MAX_HEADERS).collect()
}

/// Scheme, host and port that a redirect leads to: the rest of its URL may hold a token.
pub(super) fn redirect(response: &Response) -> Option<String> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let origin = response.url().join(location).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Duration::try_from(date.timestamp().duration_since(now)).ok()
}
