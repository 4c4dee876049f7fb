//! What the desk is told of deliveries and endpoints.

use jiff::Timestamp;
use ringwire_delivery::{
    BreakerState, Delivery, DeliveryId, DeliveryOutcome, DeliveryState, StateChange, TargetState,
    TargetStatus,
};
use ringwire_live::{AttemptOutcome, DeadReason, Desk, EndpointStatus, Settled};

/// Tells the desk.
pub(super) struct Tell {
    desk: Desk,
    /// The try that was settled last: when what it was of was committed, and whether it was refused.
    last: Option<(DeliveryId, Timestamp, bool)>,
}

impl Tell {
    pub(super) fn new(desk: Desk) -> Self {
        Self { desk, last: None }
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// An endpoint was tried.
    pub(super) fn tried(&mut self, delivery: &Delivery, outcome: &DeliveryOutcome) {
        let (outcome, refused) = match outcome {
            DeliveryOutcome::Delivered => (AttemptOutcome::Delivered, false),
            DeliveryOutcome::Retry { .. } => (AttemptOutcome::Failed, false),
            DeliveryOutcome::Refused { .. } | DeliveryOutcome::Dead { .. } => (AttemptOutcome::Refused, true),
            DeliveryOutcome::Misconfigured { .. } => (AttemptOutcome::Misconfigured, false),
            DeliveryOutcome::Gone { .. } => (AttemptOutcome::Gone, false),
            DeliveryOutcome::UnknownCall { .. } => (AttemptOutcome::UnknownCall, true),
        };
        self.desk.metrics().attempt(delivery.target.as_str(), outcome);
        self.last = Some((delivery.id, delivery.committed_at, refused));
    }

    /// A delivery has got further.
    pub(super) fn changed(&self, change: &StateChange, now: Timestamp) {
        let StateChange::Delivery { id, target: endpoint, state } = change else { return };
        let (last, metrics) = (self.last.filter(|(last, ..)| last == id), self.desk.metrics());
        let endpoint = endpoint.as_str();
        let mut told = Settled {
            id: id.0,
            endpoint: endpoint.to_owned(),
            event: None,
            state: "dropped",
            failures: 0,
            delay_ms: None,
            reason: None,
        };
        match state {
            DeliveryState::Delivered => {
                told.state = "delivered";
                if let Some((_, committed, _)) = last {
                    let delay = now.duration_since(committed);
                    metrics.delivered(endpoint, delay.try_into().unwrap_or_default());
                    told.delay_ms = i64::try_from(delay.as_millis()).ok();
                }
            }
            DeliveryState::Retry { failures, reason, .. } => {
                (told.state, told.failures, told.reason) = ("retry", *failures, Some(reason.clone()));
            }
            DeliveryState::Dead { reason } => {
                let refused = last.is_some_and(|(.., refused)| refused);
                metrics.dead(endpoint, if refused { DeadReason::Refused } else { DeadReason::Exhausted });
                (told.state, told.reason) = ("dead", Some(reason.clone()));
            }
            DeliveryState::Expired { reason } => {
                metrics.expired(endpoint);
                (told.state, told.reason) = ("expired", Some(reason.clone()));
            }
            DeliveryState::Dropped => {}
        }
        self.desk.settled(told, now);
    }

    /// How the endpoints do, each with what it speaks.
    pub(super) fn endpoints<'a>(
        &self,
        statuses: impl Iterator<Item = (TargetStatus<'a>, &'static str)>,
        now: Timestamp,
    ) {
        let statuses = statuses.map(|(status, dialect)| {
            let (state, reason) = state(&status);
            let breaker = match status.breaker {
                BreakerState::Closed => 0,
                BreakerState::Probing => 1,
                BreakerState::Open { .. } => 2,
            };
            self.desk.metrics().endpoint(status.target.as_str(), state == "well", breaker);
            EndpointStatus {
                name: status.target.to_string(),
                dialect: dialect.to_owned(),
                state: state.to_owned(),
                reason,
                since: now,
                waiting: status.counts.pending,
                retrying: status.counts.retrying,
                in_flight: status.counts.in_flight,
                delivered: status.counts.delivered,
                dead: status.counts.dead,
                expired: status.counts.expired,
                dropped: status.counts.dropped,
                more: status.more_in_store,
            }
        });
        self.desk.parts().endpoints_are(statuses.collect());
    }
}

fn state(status: &TargetStatus<'_>) -> (&'static str, Option<String>) {
    match (status.state, status.breaker) {
        (TargetState::Paused { reason }, _) => ("paused", Some(reason.clone())),
        (TargetState::Misconfigured { reason }, _) => ("held", Some(reason.clone())),
        (TargetState::Disabled { reason }, _) => ("disabled", Some(reason.clone())),
        (TargetState::Running, BreakerState::Closed) => ("well", None),
        (TargetState::Running, _) => ("failing", status.failure.map(str::to_owned)),
    }
}
