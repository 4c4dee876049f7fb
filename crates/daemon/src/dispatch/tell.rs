//! What the desk is told of deliveries and endpoints.

use jiff::Timestamp;
use ringwire_live::{AttemptOutcome, DeadReason, Desk, EndpointStatus, Settled};
use ringwire_outbox::delivery::{
    BreakerState, Change, Delivery, DeliveryId, Outcome, PausedBy, Standing, State, Status,
};

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
    pub(super) fn tried(&mut self, delivery: &Delivery, outcome: &Outcome) {
        let (outcome, refused) = match outcome {
            Outcome::Delivered => (AttemptOutcome::Delivered, false),
            Outcome::Retry { .. } => (AttemptOutcome::Failed, false),
            Outcome::Refused { .. } | Outcome::Dead { .. } => (AttemptOutcome::Refused, true),
            Outcome::Misconfigured { .. } => (AttemptOutcome::Misconfigured, false),
            Outcome::Gone { .. } => (AttemptOutcome::Gone, false),
            Outcome::UnknownCall { .. } => (AttemptOutcome::UnknownCall, true),
        };
        self.desk.metrics().attempt(delivery.endpoint.as_str(), outcome);
        self.last = Some((delivery.id, delivery.committed, refused));
    }

    /// A delivery has got further.
    pub(super) fn changed(&self, change: &Change, now: Timestamp) {
        let Change::Delivery { id, endpoint, state } = change else { return };
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
            State::Delivered => {
                told.state = "delivered";
                if let Some((_, committed, _)) = last {
                    let delay = now.duration_since(committed);
                    metrics.delivered(endpoint, delay.try_into().unwrap_or_default());
                    told.delay_ms = i64::try_from(delay.as_millis()).ok();
                }
            }
            State::Retry { failures, reason, .. } => {
                (told.state, told.failures, told.reason) = ("retry", *failures, Some(reason.clone()));
            }
            State::Dead { reason } => {
                let refused = last.is_some_and(|(.., refused)| refused);
                metrics.dead(endpoint, if refused { DeadReason::Refused } else { DeadReason::Exhausted });
                (told.state, told.reason) = ("dead", Some(reason.clone()));
            }
            State::Expired { reason } => {
                metrics.expired(endpoint);
                (told.state, told.reason) = ("expired", Some(reason.clone()));
            }
            State::Dropped => {}
        }
        self.desk.settled(told, now);
    }

    /// How the endpoints do, each with what it speaks.
    pub(super) fn endpoints<'a>(
        &self,
        statuses: impl Iterator<Item = (Status<'a>, &'static str)>,
        now: Timestamp,
    ) {
        let statuses = statuses.map(|(status, dialect)| {
            let (state, reason) = state(&status);
            let breaker = match status.breaker {
                BreakerState::Closed => 0,
                BreakerState::Probing => 1,
                BreakerState::Open { .. } => 2,
            };
            self.desk.metrics().endpoint(status.endpoint.as_str(), state == "well", breaker);
            EndpointStatus {
                name: status.endpoint.to_string(),
                dialect: dialect.to_owned(),
                state: state.to_owned(),
                reason,
                since: now,
                waiting: status.counts.waiting,
                retrying: status.counts.retrying,
                in_flight: status.counts.in_flight,
                delivered: status.counts.delivered,
                dead: status.counts.dead,
                expired: status.counts.expired,
                dropped: status.counts.dropped,
                more: status.more_on_disk,
            }
        });
        self.desk.parts().endpoints_are(statuses.collect());
    }
}

fn state(status: &Status<'_>) -> (&'static str, Option<String>) {
    match (status.standing, status.breaker) {
        (Standing::Paused { reason, by: PausedBy::Operator }, _) => ("paused", Some(reason.clone())),
        (Standing::Paused { reason, by: PausedBy::Endpoint }, _) => ("held", Some(reason.clone())),
        (Standing::Disabled { reason }, _) => ("disabled", Some(reason.clone())),
        (Standing::Running, BreakerState::Closed) => ("well", None),
        (Standing::Running, _) => ("failing", status.failure.map(str::to_owned)),
    }
}
