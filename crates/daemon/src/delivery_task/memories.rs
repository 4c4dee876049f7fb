//! What is remembered of calls, as far as it is in memory; all of it is in the journal.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use ringwire_delivery::{Delivery, DeliveryId, TargetName};
use ringwire_dialects::{CallMemory, DeliveryProgress};
use ringwire_event::{CallId, EventKind};
use ringwire_outbox::DeliverySteps;

use super::journey::Journey;

/// How many calls are remembered at most before those are dropped that were not needed lately.
const MOST_CALLS: usize = 16_384;

/// How long ago that is.
const LATELY: SignedDuration = SignedDuration::from_mins(1);

/// What is remembered of calls for targets that need it, and how far deliveries have come.
#[derive(Debug, Default)]
pub(super) struct Memories {
    calls: HashMap<(TargetName, CallId), (CallMemory, Timestamp)>,
    /// Of deliveries that are not final.
    progress: HashMap<DeliveryId, DeliveryProgress>,
    /// Deliveries that are pending again: how far they had come is in the journal.
    again: HashSet<DeliveryId>,
}

impl Memories {
    /// Whether the journal is to be asked before `delivery` goes on. `is_interrupted` says that it may have been on its way
    /// when the process before this one ended.
    pub(super) fn must_ask(&self, delivery: &Delivery, is_interrupted: bool, needs_memory: bool) -> bool {
        let is_new = delivery.failures == 0 && !is_interrupted && !self.again.contains(&delivery.id);
        let has_progress = is_new || self.progress.contains_key(&delivery.id);
        let opens = is_new && matches!(delivery.event.kind, EventKind::NewCall { .. });
        let has_memory = !needs_memory || opens || self.calls.contains_key(&key(delivery));
        !has_progress || !has_memory
    }

    /// Takes what the journal has. What is in memory is newer.
    pub(super) fn add(&mut self, delivery: &Delivery, steps: &DeliverySteps, now: Timestamp) {
        let DeliverySteps { progress, memory } = steps;
        let read = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str(text).ok());
        self.again.remove(&delivery.id);
        self.progress.entry(delivery.id).or_insert_with(|| read(progress).unwrap_or_default());
        let memory =
            || memory.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        self.calls.entry(key(delivery)).or_insert_with(|| (memory(), now));
    }

    /// How far a delivery has come.
    pub(super) fn progress(&self, delivery: DeliveryId) -> DeliveryProgress {
        self.progress.get(&delivery).cloned().unwrap_or_default()
    }

    /// A delivery has come so far.
    pub(super) fn set_progress(&mut self, delivery: DeliveryId, progress: DeliveryProgress) {
        self.progress.insert(delivery, progress);
    }

    /// A delivery is final.
    pub(super) fn end_delivery(&mut self, delivery: DeliveryId) {
        self.progress.remove(&delivery);
        self.again.remove(&delivery);
    }

    /// A delivery that was final is pending again.
    pub(super) fn retry(&mut self, delivery: DeliveryId) {
        self.again.insert(delivery);
    }

    /// What is remembered of the call of a delivery, to be changed.
    pub(super) fn of_call(&mut self, journey: &Journey, now: Timestamp) -> &mut CallMemory {
        if self.calls.len() > MOST_CALLS {
            self.calls.retain(|_, (_, used_at)| now.duration_since(*used_at) < LATELY);
        }
        let (memory, used_at) =
            self.calls.entry(key(&journey.delivery)).or_insert_with(|| (CallMemory::default(), now));
        *used_at = now;
        memory
    }

    /// A call is over for a target.
    pub(super) fn end_call(&mut self, target: &TargetName, call: &CallId) {
        self.calls.remove(&(target.clone(), call.clone()));
    }
}

fn key(delivery: &Delivery) -> (TargetName, CallId) {
    (delivery.target.clone(), delivery.event.call.clone())
}
