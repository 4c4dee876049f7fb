//! What an operator may learn of a target.

use tracing::{debug, error, info, warn};

use super::sinks::Sinks;
use crate::status::{CircuitBreaker, TargetStatus};

internal_events! {
    /// Of a target.
    pub enum TargetEvent<'a> {
        /// A target is configured, and events are sent to it.
        Started { target: &'a str },
        /// A target is configured that is paused since earlier.
        StartedPaused { target: &'a str, reason: &'a str },
        /// A target is configured that is misconfigured since earlier.
        StartedMisconfigured { target: &'a str, reason: &'a str },
        /// A target is configured that is disabled since earlier.
        StartedDisabled { target: &'a str, reason: &'a str },
        /// The states of all targets, every second and when one changes.
        StatusesReported { statuses: Vec<(TargetStatus, CircuitBreaker)> },
        /// Deliveries to a target keep failing.
        Failing { target: &'a str, pending: usize, reason: &'a str },
        /// A target takes events again.
        Recovered { target: &'a str, pending: usize },
        /// A target rejects every event because a setting is wrong, here or there.
        Misconfigured { target: &'a str, reason: &'a str },
        /// A target takes events again that was misconfigured.
        Corrected { target: &'a str },
        /// A target has replied that it is gone.
        Disabled { target: &'a str, reason: &'a str },
        /// The operator has paused a target.
        Paused { target: &'a str },
        /// The operator has resumed a target.
        Resumed { target: &'a str },
        /// A target asks for the first time to do something with a call that the daemon does not do.
        DirectiveUnsupported { target: &'a str, call: &'a str, directive: &'a str },
        /// A target asks to do something with a call that the daemon does not do.
        DirectiveIgnored { target: &'a str, call: &'a str, directive: &'a str, reason: Option<&'a str> },
        /// The number that a target asks to show; logged apart because it is a phone number.
        NumberRequested { target: &'a str, call: &'a str, number: &'a str },
        /// A target is no longer configured.
        Removed { target: &'a str },
        /// The daemon has stopped, and events are pending. `more_on_disk` says whether the journal has others.
        UndeliveredAtStop { target: &'a str, pending: usize, in_flight: usize, more_on_disk: bool },
    }
}

impl TargetEvent<'_> {
    pub(super) fn apply(self, sinks: &Sinks<'_>) {
        let show = |target: &str, state: &str| sinks.status.set(&component(target), state);
        match self {
            Self::Started { target } => show(target, "ok"),
            Self::StartedPaused { target, reason } => {
                warn!(target, reason, hint = resume(target), "target paused, events are queued");
                show(target, &format!("paused: {reason}"));
            }
            Self::StartedMisconfigured { target, reason } => {
                show(target, &format!("misconfigured: {reason}"));
            }
            Self::StartedDisabled { target, reason } => {
                error!(target, reason, hint = resume(target), "target disabled, events are queued");
                show(target, &format!("disabled: {reason}"));
            }
            Self::StatusesReported { statuses } => report(statuses, sinks),
            Self::Failing { target, pending, reason } => {
                warn!(target, pending, reason, "target failing, events are queued and retried");
                show(target, &format!("failing: {reason}"));
            }
            Self::Recovered { target, pending } => {
                info!(target, pending, "target recovered");
                show(target, "ok");
            }
            Self::Misconfigured { target, reason } => {
                let hint = "correct the settings, here or there; ringwire check --probe tries them";
                error!(target, reason, hint, "target misconfigured, events are held, probing every minute");
                show(target, &format!("misconfigured: {reason}"));
            }
            Self::Corrected { target } => {
                info!(target, "target no longer misconfigured");
                show(target, "ok");
            }
            Self::Disabled { target, reason } => {
                error!(
                    target,
                    reason,
                    hint = resume(target),
                    "target is gone and disabled, events are queued"
                );
                show(target, &format!("disabled: {reason}"));
            }
            Self::Paused { target } => {
                info!(target, "target paused by the operator");
                show(target, "paused by the operator");
            }
            Self::Resumed { target } => {
                info!(target, "target resumed by the operator");
                show(target, "ok");
            }
            Self::DirectiveUnsupported { target, call, directive } => {
                let hint = "block lists and caller ID rules of the target have no effect; remove them there";
                warn!(target, call, directive, hint, "target asks to act on a call, which is not supported");
            }
            Self::DirectiveIgnored { target, call, directive, reason } => {
                info!(target, call, directive, reason, "directive not acted on");
            }
            Self::NumberRequested { target, call, number } => {
                debug!(target, call, number, "number requested");
            }
            Self::Removed { target } => {
                let hint = "configure it again to deliver its events";
                warn!(target, hint, "target no longer configured, its undelivered events stay queued");
                sinks.live.metrics().remove_target(target);
                sinks.status.clear(&component(target));
            }
            Self::UndeliveredAtStop { target, pending, in_flight, more_on_disk } => {
                info!(target, pending, in_flight, more_on_disk, "undelivered events stay queued");
            }
        }
    }
}

fn report(statuses: Vec<(TargetStatus, CircuitBreaker)>, sinks: &Sinks<'_>) {
    for (status, breaker) in &statuses {
        sinks.live.metrics().set_target(&status.name, status.is_ok(), *breaker as i64);
    }
    sinks.live.components().set_targets(statuses.into_iter().map(|(status, _)| status).collect());
}

fn component(target: &str) -> String {
    format!("target {target}")
}

fn resume(target: &str) -> String {
    format!("run 'ringwire deliveries resume {target}' to send to it again")
}
