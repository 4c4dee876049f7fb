//! The requests on the way of one event, one after the other.

use ringwire_delivery::RepeatPolicy;
use serde_json::Value;

use crate::{
    memory::{CallMemory, DeliveryProgress},
    reply::ReplyVerdict,
    request::TargetRequest,
    user_map::UserMap,
};

/// What is known when the next request for an event is planned.
#[derive(Clone, Copy, Debug)]
pub struct StepContext<'a> {
    /// What the replies to earlier requests of the call have taught.
    pub memory: &'a CallMemory,
    /// Which requests for this event are done.
    pub progress: &'a DeliveryProgress,
    /// By which ids the target knows the users of the PBX.
    pub users: &'a UserMap,
    /// Whether what disturbs people is left out, such as opening an agent's screen: the event may have been processed
    /// before, or comes late of a call that is over.
    pub is_quiet: bool,
}

/// One request on the way of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryStep {
    /// What tells it from the other requests for the event: `NAME`, or `NAME@ENDPOINT` where each user has one.
    pub id: String,
    /// The request.
    pub request: TargetRequest,
    /// What is done when nobody knows whether the target has processed it.
    pub repeat: RepeatPolicy,
}

impl DeliveryStep {
    /// A step that may be repeated as it is.
    #[must_use]
    pub fn new(id: impl Into<String>, request: TargetRequest) -> Self {
        Self { id: id.into(), request, repeat: RepeatPolicy::AsIs }
    }
}

/// A request could not be built from an event. The same event would fail again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// The id of the step.
    pub step: String,
    /// Why; it contains nothing of the event, so it may be logged.
    pub reason: String,
}

impl std::fmt::Display for StepError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.step, self.reason)
    }
}

impl std::error::Error for StepError {}

/// What a reply means, and what it adds to what is known of the call.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedReply {
    /// What it means for the delivery.
    pub verdict: ReplyVerdict,
    /// What is kept of it in the [`CallMemory`], by key.
    pub captures: Vec<(String, Value)>,
    /// Whether what was known of the call is wrong and is to be forgotten: the target does not know the call.
    pub forgets: bool,
}

impl From<ReplyVerdict> for JudgedReply {
    fn from(verdict: ReplyVerdict) -> Self {
        Self { verdict, captures: Vec::new(), forgets: false }
    }
}
