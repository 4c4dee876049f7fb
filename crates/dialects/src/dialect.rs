//! What every dialect does.

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

    /// Judges the target's `reply` to the request for `event`.
    fn judge_reply(&self, event: &CallEvent, reply: &TargetReply<'_>) -> ReplyVerdict;
}
