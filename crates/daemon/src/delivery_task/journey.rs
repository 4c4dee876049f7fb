//! A delivery on its way: one request after the other.

use std::{collections::BTreeMap, time::Duration};

use ringwire_delivery::{Delivery, DeliveryId, DeliveryOutcome, RepeatPolicy};
use ringwire_dialects::{CallMemory, DeliveryProgress, DeliveryStep, StepError};
use ringwire_sender::Sender;
use serde_json::Value;

/// Requests that are sent once the journal has what must be on disk before.
pub(super) type WaitingRequests = BTreeMap<DeliveryId, (Journey, DeliveryStep)>;

/// Deliveries that go on once the journal has what they have behind them.
pub(super) type WaitingMoves = BTreeMap<DeliveryId, (Journey, NextMove)>;

/// What comes after a request that has arrived.
#[derive(Debug)]
pub(super) enum NextMove {
    /// Another request.
    Send(DeliveryStep),
    /// The end of the attempt, with the time that its last request took.
    Complete(DeliveryOutcome, Duration),
}

/// A delivery on its way.
#[derive(Clone, Debug)]
pub(super) struct Journey {
    pub(super) delivery: Delivery,
    pub(super) sender: Sender,
    /// Which of its requests have arrived.
    pub(super) progress: DeliveryProgress,
    /// Whether what was remembered of the call was forgotten on the way, because the target did not know the call.
    pub(super) has_forgotten: bool,
}

impl Journey {
    pub(super) fn new(delivery: Delivery, sender: Sender) -> Self {
        Self { delivery, sender, progress: DeliveryProgress::default(), has_forgotten: false }
    }

    /// The next request, if this is remembered of the call.
    pub(super) fn next_step(&self, memory: &CallMemory) -> Result<Option<DeliveryStep>, StepError> {
        let Delivery { event, is_quiet, .. } = &self.delivery;
        self.sender.next_step(event, memory, &self.progress, *is_quiet)
    }

    /// The id under which `step` is sent: that of the event for its first request, so that it is also that of an event
    /// that takes only one, and one of its own for each other.
    pub(super) fn key(&self, step: &DeliveryStep) -> String {
        let event = &self.delivery.event.id;
        if self.progress.is_empty() { event.clone() } else { format!("{event}/{}", step.id) }
    }

    /// Why `step` may not be sent, if this is remembered of the call: it is not to be repeated, it was sent for another event,
    /// and nobody knows whether that arrived.
    pub(super) fn obstacle(&self, step: &DeliveryStep, memory: &CallMemory) -> Option<String> {
        let event = memory.get(&lost_key(step))?.as_str()?;
        let is_other = step.repeat == RepeatPolicy::Never && event != self.delivery.event.id;
        is_other.then(|| {
            let id = &step.id;
            format!("it needs the reply to the request {id}, which may not be repeated and whose outcome is unknown")
        })
    }

    /// What is remembered of a request that may not be repeated, by its outcome.
    pub(super) fn trace(&self, step: &DeliveryStep, outcome: &DeliveryOutcome) -> Option<(String, Value)> {
        let value = match outcome {
            DeliveryOutcome::UnknownForGood { .. } => self.delivery.event.id.as_str().into(),
            DeliveryOutcome::Delivered | DeliveryOutcome::AlreadyExists => Value::Null,
            _ => return None,
        };
        (step.repeat == RepeatPolicy::Never).then(|| (lost_key(step), value))
    }

    /// Reads the reply of a target that still does not know the call, although it was just let know of it: the request
    /// is refused.
    pub(super) fn reinterpret(&self, outcome: DeliveryOutcome) -> DeliveryOutcome {
        match outcome {
            DeliveryOutcome::UnknownCall { reason } if self.has_forgotten => {
                DeliveryOutcome::Refused { reason }
            }
            other => other,
        }
    }
}

/// The key under which the memory of a call has the event for which `step` was sent and nobody knows whether it arrived. No
/// capture has a name with a blank in it.
fn lost_key(step: &DeliveryStep) -> String {
    format!("lost {}", step.id)
}
