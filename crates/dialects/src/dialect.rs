//! What every dialect does.

use ringwire_event::CallEvent;
use serde_json::{Map, Value};

/// How one system is spoken to.
pub trait Dialect: Send + Sync + std::fmt::Debug {
    /// The name of the dialect, as it stands in a configuration.
    fn name(&self) -> &'static str;

    /// The request that tells the system of `event`; `None` where it has no wish to hear of it.
    ///
    /// The same event always gives the same request, and a call that is left out is left out with all its
    /// events.
    fn request(&self, event: &CallEvent) -> Option<Request>;

    /// What the system's `reply` to the request for `event` means.
    fn verdict(&self, event: &CallEvent, reply: &Reply<'_>) -> Verdict;
}

/// One HTTP request, short of the address it goes to.
///
/// Its body holds the caller's number: keep it out of logs above the debug level.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method, in capitals.
    pub method: &'static str,
    /// Headers beside the `Content-Type` that the body brings with it ([`Body::encode`]).
    pub headers: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Body,
}

/// The body of a request: its fields, in order, and how they are written.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// One JSON object, its fields in order.
    Json(Map<String, Value>),
    /// A form; a list is a repeated `name[]`.
    Form(Map<String, Value>),
}

/// What a system answered.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body, as far as it was read; it may end anywhere.
    pub body: &'a [u8],
    /// The host that a redirect leads to, and nothing else of the address.
    pub redirect: Option<&'a str>,
}

/// What becomes of a delivery.
///
/// A reason names the status and a short piece of what the system said, with nothing in it that could be the
/// address or a token, and no control characters: it may be logged and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The system has it; it may want something of the PBX.
    Delivered(Vec<Directive>),
    /// It failed in a way that may pass: try again.
    Retry {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// The system does not know the call: tell it of the call again, then this.
    UnknownCall {
        /// What it said, for the operator.
        reason: String,
    },
    /// It was refused, by what looks like the fault of this one post: give it up after few tries.
    Refused {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// It will never be taken: give this one up.
    Dead {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// Nothing will be taken until someone corrects a setting: keep everything and say so.
    Misconfigured {
        /// What went wrong and what to do, for the operator.
        reason: String,
    },
    /// The system wants to hear nothing any more (410; Standard Webhooks 1.0, delivery success and failure): send it
    /// nothing until someone says otherwise.
    Gone {
        /// What it said and what to do, for the operator.
        reason: String,
    },
}

/// What a system asks of the PBX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directive {
    /// Turn the caller away.
    Reject {
        /// Why, in the system's word (`busy`).
        reason: String,
    },
    /// Show this number to the party that is called.
    ShowNumber {
        /// E.164 digits.
        number: String,
    },
}
