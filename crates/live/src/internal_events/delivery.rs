//! What an operator may learn of one delivery.

use std::time::Duration;

use tracing::{debug, error, warn};

use super::sinks::Sinks;
use crate::{
    feed::DeliveryProgress,
    metrics::{AttemptOutcome, DeadReason},
};

internal_events! {
    /// Of one delivery.
    pub enum DeliveryEvent<'a> {
        /// A delivery was attempted. `failures` counts the attempts that failed before; `resent` says whether the
        /// call's newCall was sent again in place of the event.
        Attempted {
            delivery: i64,
            target: &'a str,
            event: &'a str,
            kind: &'a str,
            failures: u32,
            resent: bool,
            outcome: AttemptOutcome,
            reason: Option<&'a str>,
            reply: Option<&'a str>,
        },
        /// The target has the event. `delay` is the time since its commit.
        Delivered { delivery: i64, target: &'a str, delay: Option<Duration> },
        /// An attempt has failed, and there will be another one.
        Retrying { delivery: i64, target: &'a str, failures: u32, reason: &'a str },
        /// Nobody knows whether the target has processed an event that may not be sent twice. Somebody has to look.
        OutcomeUnknown { delivery: i64, target: &'a str, event: &'a str, kind: &'a str, reason: &'a str },
        /// The target has refused the event, or every attempt has failed.
        PermanentlyFailed {
            delivery: i64,
            target: &'a str,
            event: &'a str,
            kind: &'a str,
            cause: DeadReason,
            reason: &'a str,
        },
        /// An event is too old to be delivered.
        Expired { delivery: i64, target: &'a str, reason: &'a str },
        /// The operator has dropped a delivery.
        Dropped { delivery: i64, target: &'a str },
        /// A task that sends a request has ended by an internal error.
        AttemptPanicked { error: &'a str },
    }
}

impl DeliveryEvent<'_> {
    pub(super) fn apply(self, sinks: &Sinks<'_>) {
        let metrics = sinks.live.metrics();
        let progress = |delivery: i64, target: &str, state: &'static str| DeliveryProgress {
            id: delivery,
            target: target.to_owned(),
            event: None,
            state,
            failures: 0,
            delay_ms: None,
            reason: None,
        };
        let record = |progress| sinks.live.record_progress(progress, sinks.now);
        match self {
            Self::Attempted { delivery, target, event, kind, failures, resent, outcome, reason, reply } => {
                let outcome_text = outcome.as_str();
                debug!(
                    target,
                    delivery,
                    event,
                    kind,
                    failures,
                    resent,
                    outcome = outcome_text,
                    reason,
                    reply,
                    "delivery attempted"
                );
                metrics.count_attempt(target, outcome);
            }
            Self::Delivered { delivery, target, delay } => {
                if let Some(delay) = delay {
                    metrics.count_delivery(target, delay);
                }
                let delay_ms = delay.and_then(|delay| i64::try_from(delay.as_millis()).ok());
                record(DeliveryProgress { delay_ms, ..progress(delivery, target, "delivered") });
            }
            Self::Retrying { delivery, target, failures, reason } => {
                let reason = Some(reason.to_owned());
                record(DeliveryProgress { failures, reason, ..progress(delivery, target, "retry") });
            }
            Self::OutcomeUnknown { delivery, target, event, kind, reason } => {
                let hint = format!(
                    "look for the call at the target: if it still rings there, run 'ringwire deliveries retry {delivery}', \
                     otherwise 'ringwire deliveries drop {delivery}'"
                );
                warn!(
                    target,
                    delivery, event, kind, reason, hint, "delivery outcome unknown, it is not repeated"
                );
                metrics.count_unknown(target);
                record(DeliveryProgress {
                    reason: Some(reason.to_owned()),
                    ..progress(delivery, target, "unknown")
                });
            }
            Self::PermanentlyFailed { delivery, target, event, kind, cause, reason } => {
                let hint = format!("run 'ringwire deliveries retry {delivery}' once the cause is removed");
                error!(target, delivery, event, kind, reason, hint, "delivery permanently failed");
                metrics.count_dead(target, cause);
                record(DeliveryProgress {
                    reason: Some(reason.to_owned()),
                    ..progress(delivery, target, "dead")
                });
            }
            Self::Expired { delivery, target, reason } => {
                debug!(target, delivery, reason, "delivery expired");
                metrics.count_expired(target);
                record(DeliveryProgress {
                    reason: Some(reason.to_owned()),
                    ..progress(delivery, target, "expired")
                });
            }
            Self::Dropped { delivery, target } => {
                debug!(target, delivery, "delivery dropped");
                record(progress(delivery, target, "dropped"));
            }
            Self::AttemptPanicked { error } => {
                error!(error, "attempt failed by an internal error, it is retried");
            }
        }
    }
}
