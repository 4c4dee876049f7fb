//! How an attempt went.

use std::time::Duration;

/// How an attempt went. Which reply means which is decided by whoever knows the target's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The target has accepted the event.
    Delivered,
    /// The target has the call that a newCall announces: it was told of it before.
    AlreadyExists,
    /// It failed in a way that may pass, and was not processed as far as anybody can tell: no connection, 502, 503, 429.
    /// It is retried by the schedule, and counts as a failure for the circuit breaker.
    Retry {
        /// What went wrong, for the operator.
        reason: String,
        /// How long the target asked to be left alone (`Retry-After`); honoured up to the schedule's cap.
        after: Option<Duration>,
    },
    /// The request was written, and nobody knows whether it was processed: no reply in time, a broken connection, 504.
    /// The target's [`RepeatRules`](crate::RepeatRules) say whether it is repeated. It counts as a failure for the
    /// circuit breaker.
    Unknown {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// The same for a request that may not be repeated, whatever those rules say: its delivery ends as
    /// [`DeliveryState::Unknown`](crate::DeliveryState::Unknown). It says nothing of how the target is doing, since such
    /// a request waits long for its reply.
    UnknownForGood {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// The target does not want this event (a 4xx that has no other meaning). It is retried a few times, since the
    /// cause may be corrected there, and then is dead.
    Refused {
        /// The reply, for the operator.
        reason: String,
    },
    /// The target will never accept this event.
    Dead {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// The target accepts nothing until somebody corrects a setting, here or there (401, 403, 404, "not configured").
    /// It is misconfigured then, and probed from time to time; this does not count as a failed attempt.
    Misconfigured {
        /// What went wrong and what to do, for the operator.
        reason: String,
    },
    /// The target no longer exists (410). It is disabled until the operator resumes it.
    Gone {
        /// The reply, for the operator.
        reason: String,
    },
    /// The target does not know the call, or fails in a way that cannot be told from it: its newCall is sent again, then
    /// this event. Once the target has confirmed that it has the call, the same reply is a failure that may pass: it is
    /// retried for ten minutes.
    UnknownCall {
        /// The reply, for the operator.
        reason: String,
    },
}

impl DeliveryOutcome {
    /// Whether the target is up and configured, whatever it replied to this event.
    pub(crate) fn is_answer(&self) -> bool {
        match self {
            Self::Delivered
            | Self::AlreadyExists
            | Self::Refused { .. }
            | Self::Dead { .. }
            | Self::UnknownCall { .. } => true,
            Self::Retry { .. }
            | Self::Unknown { .. }
            | Self::UnknownForGood { .. }
            | Self::Misconfigured { .. }
            | Self::Gone { .. } => false,
        }
    }
}
