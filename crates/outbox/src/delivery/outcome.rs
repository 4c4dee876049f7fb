//! How a delivery went.

use std::time::Duration;

/// How a delivery went. Which reply means which is decided by whoever knows the endpoint's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint has it.
    Delivered,
    /// It failed in a way that may pass: no connection, no reply in time, a 5xx, 429. It is tried again by the
    /// schedule, and the endpoint's breaker counts it.
    Retry {
        /// What went wrong, for the operator.
        reason: String,
        /// How long the endpoint asked to be left alone (`Retry-After`); honoured up to the schedule's cap.
        after: Option<Duration>,
    },
    /// The endpoint does not want this event (a 4xx that has no other meaning). It is tried a few times, since
    /// what it stumbles over may be put right there, and then is dead.
    Refused {
        /// What the endpoint said, for the operator.
        reason: String,
    },
    /// It will never be taken.
    Dead {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// Nothing will be taken until somebody corrects a setting, here or there (401, 403, 404, "not configured").
    /// The endpoint is paused and probed from time to time; no try is used up.
    Misconfigured {
        /// What went wrong and what to do, for the operator.
        reason: String,
    },
    /// The endpoint is no more and wants to hear nothing again (410). It is disabled until the operator resumes it.
    Gone {
        /// What the endpoint said, for the operator.
        reason: String,
    },
    /// The endpoint does not know the call: it is to be announced again, then this is to be said again.
    UnknownCall {
        /// What the endpoint said, for the operator.
        reason: String,
    },
}

impl Outcome {
    /// Whether the endpoint is there and set up, whatever it thought of this event.
    pub(super) fn is_answer(&self) -> bool {
        match self {
            Self::Delivered | Self::Refused { .. } | Self::Dead { .. } | Self::UnknownCall { .. } => true,
            Self::Retry { .. } | Self::Misconfigured { .. } | Self::Gone { .. } => false,
        }
    }
}
