//! A delivery on its way: one request after the other.

use std::collections::BTreeMap;

use ringwire_delivery::{Delivery, DeliveryId, DeliveryOutcome};
use ringwire_dialects::{CallMemory, DeliveryProgress, DeliveryStep, StepError};
use ringwire_sender::Sender;

/// Requests that are sent once the journal has what must be on disk before.
pub(super) type WaitingRequests = BTreeMap<DeliveryId, (Journey, DeliveryStep)>;

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
