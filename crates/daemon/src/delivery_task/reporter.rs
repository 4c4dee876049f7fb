//! What the delivery machine does, as internal events.

use std::collections::HashSet;

use jiff::Timestamp;
use ringwire_delivery::{
    BreakerState, Delivery, DeliveryId, DeliveryMachine, DeliveryOutcome, DeliveryState, OperatorNotice,
    StateChange, TargetName, TargetState, TargetStatus as MachineStatus,
};
use ringwire_dialects::Directive;
use ringwire_live::{
    AttemptOutcome, CircuitBreaker, DeadReason, DeliveryEvent, EventEmitter, JournalEvent, TargetEvent,
    TargetStatus,
};

/// Emits what happens to deliveries and targets.
pub(super) struct DeliveryReporter {
    emitter: EventEmitter,
    /// What changes of its delivery's state are about.
    last_attempt: Option<LastAttempt>,
    /// What each target has asked for that is not done: only the first time is a warning.
    unsupported: HashSet<(TargetName, &'static str)>,
}

struct LastAttempt {
    delivery: DeliveryId,
    /// When its event was committed.
    committed_at: Timestamp,
    is_refused: bool,
}

impl DeliveryReporter {
    pub(super) fn new(emitter: EventEmitter) -> Self {
        Self { emitter, last_attempt: None, unsupported: HashSet::new() }
    }

    pub(super) fn emitter(&self) -> &EventEmitter {
        &self.emitter
    }

    /// Reports one attempt.
    pub(super) fn report_attempt(
        &mut self,
        delivery: &Delivery,
        outcome: &DeliveryOutcome,
        reply: Option<&str>,
    ) {
        let (outcome, reason) = match outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::AlreadyExists => (AttemptOutcome::Delivered, None),
            DeliveryOutcome::Unknown { reason } | DeliveryOutcome::UnknownForGood { reason } => {
                (AttemptOutcome::Unknown, Some(reason))
            }
            DeliveryOutcome::Retry { reason, .. } => (AttemptOutcome::Failed, Some(reason)),
            DeliveryOutcome::Refused { reason } | DeliveryOutcome::Dead { reason } => {
                (AttemptOutcome::Refused, Some(reason))
            }
            DeliveryOutcome::Misconfigured { reason } => (AttemptOutcome::Misconfigured, Some(reason)),
            DeliveryOutcome::Gone { reason } => (AttemptOutcome::Gone, Some(reason)),
            DeliveryOutcome::UnknownCall { reason } => (AttemptOutcome::UnknownCall, Some(reason)),
        };
        self.emitter.emit(DeliveryEvent::Attempted {
            delivery: delivery.id.0,
            target: delivery.target.as_str(),
            event: &delivery.event.id,
            kind: delivery.event.kind.name(),
            failures: delivery.failures,
            resent: delivery.is_replay,
            outcome,
            reason: reason.map(String::as_str),
            reply,
        });
        self.last_attempt = Some(LastAttempt {
            delivery: delivery.id,
            committed_at: delivery.committed_at,
            is_refused: matches!(outcome, AttemptOutcome::Refused | AttemptOutcome::UnknownCall),
        });
    }

    /// Reports what a target asks to do with a call, which the daemon does not do yet.
    pub(super) fn report_directives(&mut self, delivery: &Delivery, directives: &[Directive]) {
        let (target, call) = (delivery.target.as_str(), delivery.event.call.as_str());
        for directive in directives {
            let (directive, reason) = match directive {
                Directive::Reject { reason } => ("reject", Some(reason.as_str())),
                Directive::ShowNumber { number } => {
                    self.emitter.emit(TargetEvent::NumberRequested { target, call, number });
                    ("show_number", None)
                }
                Directive::Route { .. } => ("route", None),
            };
            if self.unsupported.insert((delivery.target.clone(), directive)) {
                self.emitter.emit(TargetEvent::DirectiveUnsupported { target, call, directive });
            }
            self.emitter.emit(TargetEvent::DirectiveIgnored { target, call, directive, reason });
        }
    }

    /// Reports that the state of a delivery changed, at `now`.
    pub(super) fn report_change(&self, change: &StateChange, now: Timestamp) {
        let StateChange::Delivery { id, target, state } = change else { return };
        let (delivery, target) = (id.0, target.as_str());
        match state {
            DeliveryState::Delivered => {
                let last = self.last_attempt.as_ref().filter(|last| last.delivery == *id);
                let delay =
                    last.map(|last| now.duration_since(last.committed_at).try_into().unwrap_or_default());
                self.emitter.emit(DeliveryEvent::Delivered { delivery, target, delay });
            }
            DeliveryState::Retry { failures, reason, .. } => {
                self.emitter.emit(DeliveryEvent::Retrying { delivery, target, failures: *failures, reason });
            }
            // A notice follows, which also has the event.
            DeliveryState::Dead { .. } | DeliveryState::Unknown { .. } => {}
            DeliveryState::Expired { reason } => {
                self.emitter.emit(DeliveryEvent::Expired { delivery, target, reason });
            }
            DeliveryState::Dropped => self.emitter.emit(DeliveryEvent::Dropped { delivery, target }),
        }
    }

    /// Reports what the machine gives notice of.
    pub(super) fn report_notice(&self, notice: &OperatorNotice) {
        match notice {
            OperatorNotice::Failing { target, reason, pending } => {
                self.emitter.emit(TargetEvent::Failing {
                    target: target.as_str(),
                    pending: *pending,
                    reason,
                });
            }
            OperatorNotice::Recovered { target, pending } => {
                self.emitter.emit(TargetEvent::Recovered { target: target.as_str(), pending: *pending });
            }
            OperatorNotice::Misconfigured { target, reason } => {
                self.emitter.emit(TargetEvent::Misconfigured { target: target.as_str(), reason });
            }
            OperatorNotice::Resumed { target } => {
                self.emitter.emit(TargetEvent::Corrected { target: target.as_str() });
            }
            OperatorNotice::Disabled { target, reason } => {
                self.emitter.emit(TargetEvent::Disabled { target: target.as_str(), reason });
            }
            OperatorNotice::Unknown { id, target, event, reason } => {
                self.emitter.emit(DeliveryEvent::OutcomeUnknown {
                    delivery: id.0,
                    target: target.as_str(),
                    event: &event.id,
                    kind: event.kind.name(),
                    reason,
                });
            }
            OperatorNotice::Dead { id, target, event, reason } => {
                let last = self.last_attempt.as_ref().filter(|last| last.delivery == *id);
                let is_refused = last.is_some_and(|last| last.is_refused);
                self.emitter.emit(DeliveryEvent::PermanentlyFailed {
                    delivery: id.0,
                    target: target.as_str(),
                    event: &event.id,
                    kind: event.kind.name(),
                    cause: if is_refused { DeadReason::Refused } else { DeadReason::Exhausted },
                    reason,
                });
            }
        }
    }

    /// Reports the state in which a configured target starts.
    pub(super) fn report_start(&self, target: &TargetName, state: &TargetState) {
        let target = target.as_str();
        self.emitter.emit(match state {
            TargetState::Running => TargetEvent::Started { target },
            TargetState::Paused { reason } => TargetEvent::StartedPaused { target, reason },
            TargetState::Misconfigured { reason } => TargetEvent::StartedMisconfigured { target, reason },
            TargetState::Disabled { reason } => TargetEvent::StartedDisabled { target, reason },
        });
    }

    /// Reports the states of all targets, each with its dialect.
    pub(super) fn report_statuses<'a>(
        &self,
        statuses: impl Iterator<Item = (MachineStatus<'a>, &'a str)>,
        now: Timestamp,
    ) {
        let statuses =
            statuses.map(|(status, dialect)| (target_status(&status, dialect, now), breaker(&status)));
        self.emitter.emit(TargetEvent::StatusesReported { statuses: statuses.collect() });
    }

    /// Reports what is left when the daemon stops.
    pub(super) fn report_stop(&self, machine: &DeliveryMachine, uncommitted: usize) {
        if uncommitted > 0 {
            self.emitter.emit(JournalEvent::UnwrittenAtStop { events: uncommitted });
        }
        for status in machine.targets() {
            let (pending, in_flight) = (status.counts.pending, status.counts.in_flight);
            if pending + in_flight > 0 || status.more_in_store {
                self.emitter.emit(TargetEvent::UndeliveredAtStop {
                    target: status.target.as_str(),
                    pending,
                    in_flight,
                    more_on_disk: status.more_in_store,
                });
            }
        }
    }
}

fn target_status(status: &MachineStatus<'_>, dialect: &str, now: Timestamp) -> TargetStatus {
    let (state, reason) = match (status.state, status.breaker) {
        (TargetState::Paused { reason }, _) => ("paused", Some(reason.clone())),
        (TargetState::Misconfigured { reason }, _) => ("misconfigured", Some(reason.clone())),
        (TargetState::Disabled { reason }, _) => ("disabled", Some(reason.clone())),
        (TargetState::Running, BreakerState::Closed) => (TargetStatus::OK, None),
        (TargetState::Running, _) => ("failing", status.failure.map(str::to_owned)),
    };
    TargetStatus {
        name: status.target.to_string(),
        dialect: dialect.to_owned(),
        state: state.to_owned(),
        reason,
        since: now,
        pending: status.counts.pending,
        retrying: status.counts.retrying,
        in_flight: status.counts.in_flight,
        delivered: status.counts.delivered,
        dead: status.counts.dead,
        expired: status.counts.expired,
        dropped: status.counts.dropped,
        unknown: status.counts.unknown,
        more_on_disk: status.more_in_store,
    }
}

fn breaker(status: &MachineStatus<'_>) -> CircuitBreaker {
    match status.breaker {
        BreakerState::Closed => CircuitBreaker::Closed,
        BreakerState::Probing => CircuitBreaker::Probing,
        BreakerState::Open { .. } => CircuitBreaker::Open,
    }
}
