//! What every dialect does.

use ringwire_delivery::RepeatRules;
use ringwire_event::CallEvent;

use crate::{
    reply::{ReplyVerdict, TargetReply},
    request::TargetRequest,
};

/// How one kind of target is spoken to.
pub trait Dialect: Send + Sync + std::fmt::Debug {
    /// The name of the dialect, as it stands in a configuration.
    fn name(&self) -> &'static str;

    /// Builds the request that reports `event` to the target; `None` if the target does not want it.
    ///
    /// The same event always gives the same request, and a call that is filtered out is filtered out with all its
    /// events.
    fn build_request(&self, event: &CallEvent) -> Option<TargetRequest>;

    /// Builds the same request without what disturbs people, such as opening an agent's screen: for an event that may
    /// have been processed before, or comes late of a call that is over.
    fn build_quiet_request(&self, event: &CallEvent) -> Option<TargetRequest> {
        self.build_request(event)
    }

    /// What is done with an event when nobody knows whether the target has processed its request.
    fn repeat_rules(&self) -> RepeatRules {
        RepeatRules::default()
    }

    /// Judges the target's `reply` to the request for `event`.
    fn judge_reply(&self, event: &CallEvent, reply: &TargetReply<'_>) -> ReplyVerdict;
}
