//! Sends what is due, and handles what becomes of it.

use std::time::Duration;

use jiff::Timestamp;
use ringwire_delivery::{Delivery, DeliveryId, DeliveryOutcome};
use ringwire_live::DeliveryEvent;
use ringwire_outbox::{DeliveryAttempt, DeliveryUpdate, StoreWrite, StoredDeliveryState};
use ringwire_sender::SendResult;

use super::{
    DRAIN, DeliveryTask,
    requests::{AttemptedDelivery, SentRequest},
    stored,
};
use crate::notify;

impl DeliveryTask {
    /// Sends what is due. What may not be repeated is sent once its attempt is on disk.
    pub(super) fn send_due(&mut self) {
        while let Some(delivery) = self.machine.take(self.clock.now()) {
            let now = self.clock.now();
            let Some(sender) = self.senders.get(&delivery.target).cloned() else {
                let reason = "the target is not configured".to_owned();
                self.machine.complete(delivery.id, DeliveryOutcome::Dead { reason }, Duration::ZERO, now);
                continue;
            };
            if delivery.is_unrepeatable {
                self.journal.write(StoreWrite::OpenAttempt(delivery.id));
                self.opening.insert(delivery.id, (delivery, sender));
            } else {
                self.requests.spawn(delivery, sender, now);
            }
        }
    }

    /// Sends a delivery whose attempt is on disk.
    pub(super) fn send_opened(&mut self, delivery: DeliveryId) {
        if let Some((delivery, sender)) = self.opening.remove(&delivery) {
            self.requests.spawn(delivery, sender, self.clock.now());
        }
    }

    /// Goes on waiting for requests that may not be repeated, and for nothing else; says whether there are any, and
    /// they were not waited for before.
    pub(super) fn linger(&mut self) -> bool {
        if self.is_lingering {
            return false;
        }
        for delivery in std::mem::take(&mut self.opening).into_keys() {
            self.journal.write(StoreWrite::EndAttempt { delivery, may_have_arrived: false });
        }
        self.is_lingering = self.requests.abort_repeatable();
        if self.is_lingering {
            notify::stopping(self.longest_request + DRAIN);
        }
        self.is_lingering
    }

    pub(super) fn on_sent(&mut self, sent: SentRequest) {
        let now = self.clock.now();
        match sent {
            Ok((task, AttemptedDelivery { delivery, sent, at, took })) => {
                self.requests.ended(task);
                let SendResult { outcome, directives, status, reply } = sent;
                self.reporter.report_attempt(&delivery, &outcome, reply.as_deref());
                self.reporter.report_directives(&delivery, &directives);
                let replayed = delivery.is_replay.then(|| delivery.event.kind.name());
                let attempt = DeliveryAttempt {
                    delivery: delivery.id,
                    at,
                    duration: took,
                    outcome: stored::describe(&outcome, replayed),
                    status,
                    reply,
                };
                self.journal.write(StoreWrite::Attempt(attempt));
                if !self.senders.contains_key(&delivery.target) {
                    self.record_of_removed(&delivery, &outcome, now);
                }
                self.machine.complete(delivery.id, outcome, took, now);
            }
            // The daemon ends, and the request may be repeated.
            Err(error) if error.is_cancelled() => {
                self.requests.ended(error.id());
            }
            Err(error) => {
                self.reporter.emitter().emit(DeliveryEvent::AttemptPanicked { error: &error.to_string() });
                if let Some(delivery) = self.requests.ended(error.id()) {
                    let outcome = DeliveryOutcome::Unknown { reason: "internal error".to_owned() };
                    self.machine.complete(delivery, outcome, Duration::ZERO, now);
                }
            }
        }
    }

    /// Records what became of a delivery whose target was removed meanwhile, and may come back.
    fn record_of_removed(&self, delivery: &Delivery, outcome: &DeliveryOutcome, at: Timestamp) {
        let may_have_arrived = matches!(outcome, DeliveryOutcome::Unknown { .. });
        let state = match outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::AlreadyExists if !delivery.is_replay => {
                StoredDeliveryState::Delivered
            }
            DeliveryOutcome::Unknown { .. } if delivery.is_unrepeatable => StoredDeliveryState::Unknown,
            DeliveryOutcome::UnknownForGood { .. } => StoredDeliveryState::Unknown,
            _ => {
                let delivery = delivery.id;
                return self.journal.write(StoreWrite::EndAttempt { delivery, may_have_arrived });
            }
        };
        let (delivery, failures, due_at, reason) = (delivery.id, None, None, None);
        let may_have_arrived = false;
        let update = DeliveryUpdate { delivery, state, failures, due_at, reason, may_have_arrived, at };
        self.journal.write(StoreWrite::Delivery(update));
    }
}
