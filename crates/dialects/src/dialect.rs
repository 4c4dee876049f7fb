//! What every dialect does.

use ringwire_delivery::RepeatRules;
use ringwire_event::CallEvent;
use serde_json::Value;

use crate::{
    auth::{AuthScheme, RateLimit},
    reply::TargetReply,
    step::{DeliveryStep, JudgedReply, StepContext, StepError},
    user_map::UserListRequest,
};

/// How one kind of target is spoken to.
///
/// A dialect is pure: the same event, with the same context, always gives the same request.
pub trait Dialect: Send + Sync + std::fmt::Debug {
    /// The name of the dialect, as it stands in a configuration.
    fn name(&self) -> &str;

    /// Whether any request is made for `event`, whatever is known of its call. It decides which deliveries are stored.
    fn wants(&self, event: &CallEvent) -> bool;

    /// The next request for `event`; `None` when all are done. Where one contains what the reply to another brings, and
    /// that is not known, the other comes first.
    ///
    /// # Errors
    /// It cannot be built from this event.
    fn next_step(
        &self,
        event: &CallEvent,
        context: &StepContext<'_>,
    ) -> Result<Option<DeliveryStep>, StepError>;

    /// Judges the target's `reply` to a `step` of `event`.
    fn judge_reply(&self, event: &CallEvent, step: &DeliveryStep, reply: &TargetReply<'_>) -> JudgedReply;

    /// What is done with an event when nobody knows whether the target has processed its request. A [`DeliveryStep`] has
    /// the same for its own request.
    fn repeat_rules(&self) -> RepeatRules {
        RepeatRules::default()
    }

    /// What the reply to `step` would bring, as placeholders: for showing requests without sending them.
    fn placeholders(&self, _step: &DeliveryStep) -> Vec<(String, Value)> {
        Vec::new()
    }

    /// Whether replies bring anything that later requests contain. Where not, no memory needs to be kept.
    fn needs_memory(&self) -> bool {
        false
    }

    /// How requests are authenticated beside what the target's settings say.
    fn auth(&self) -> Option<&AuthScheme> {
        None
    }

    /// How many requests the target takes; `None` for as many as it answers.
    fn rate(&self) -> Option<RateLimit> {
        None
    }

    /// How the ids of users at the target are read; `None` where they are not asked for.
    fn user_list(&self) -> Option<&UserListRequest> {
        None
    }
}
