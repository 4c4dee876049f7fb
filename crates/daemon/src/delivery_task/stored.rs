//! Between the delivery machine and the journal: what is loaded, and what is stored.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_delivery::{
    DeliveryOutcome, DeliveryState, LoadRequest, PendingRange, StateChange, TargetName, TargetState,
};
use ringwire_event::{CallEvent, CallId};
use ringwire_outbox::{
    DeliverySteps, DeliveryUpdate, PendingPage, RecoveredState, StoreWrite, StoredDeliveryState, TargetUpdate,
};

use super::journey::Journey;
use crate::journal::JournalReader;

/// The answer of the journal to a load request.
pub(super) enum JournalAnswer {
    Pending(PendingRange, Result<PendingPage, String>),
    Opening(TargetName, CallId, Result<Vec<Arc<CallEvent>>, String>),
    Steps(Box<Journey>, Result<DeliverySteps, String>),
}

/// Reads from the journal what the machine requests.
pub(super) async fn read(reader: JournalReader, request: LoadRequest) -> JournalAnswer {
    match request {
        LoadRequest::Pending(range) => {
            let (target, after, limit) = (range.target.clone(), range.after, range.limit);
            let page = reader.read(move |journal| journal.pending(&target, after, limit)).await;
            JournalAnswer::Pending(range, page)
        }
        LoadRequest::Opening { target, call } => {
            let (to, of) = (target.clone(), call.clone());
            let opening = reader.read(move |journal| journal.opening_for(&to, &of)).await;
            JournalAnswer::Opening(target, call, opening)
        }
    }
}

/// Reads from the journal how far a delivery has come.
pub(super) async fn read_steps(reader: JournalReader, journey: Journey) -> JournalAnswer {
    let (id, target) = (journey.delivery.id, journey.delivery.target.clone());
    let call = journey.delivery.event.call.clone();
    let steps = reader.read(move |journal| journal.delivery_steps(id, &target, &call)).await;
    JournalAnswer::Steps(Box::new(journey), steps)
}

/// What the journal must record of `change`.
pub(super) fn write(change: StateChange, at: Timestamp) -> StoreWrite {
    match change {
        StateChange::Delivery { id, state, .. } => {
            let mut arrived = false;
            let (state, failures, due_at, reason) = match state {
                DeliveryState::Delivered => (StoredDeliveryState::Delivered, None, None, None),
                DeliveryState::Retry { failures, due_at, reason, may_have_arrived } => {
                    arrived = may_have_arrived;
                    (StoredDeliveryState::Retry, Some(failures), Some(due_at), Some(reason))
                }
                DeliveryState::Unknown { reason } => (StoredDeliveryState::Unknown, None, None, Some(reason)),
                DeliveryState::Dead { reason } => (StoredDeliveryState::Dead, None, None, Some(reason)),
                DeliveryState::Expired { reason } => (StoredDeliveryState::Expired, None, None, Some(reason)),
                DeliveryState::Dropped => {
                    (StoredDeliveryState::Dropped, None, None, Some("by the operator".to_owned()))
                }
            };
            let may_have_arrived = arrived;
            let update =
                DeliveryUpdate { delivery: id, state, failures, due_at, reason, may_have_arrived, at };
            StoreWrite::Delivery(update)
        }
        StateChange::AttemptEnded { id, may_have_arrived } => {
            StoreWrite::EndAttempt { delivery: id, may_have_arrived }
        }
        StateChange::Target { target, state } => StoreWrite::Target(TargetUpdate { target, state, at }),
    }
}

/// The state of the target `name` when the process before this one ended.
pub(super) fn target_state(recovered: &RecoveredState, name: &TargetName) -> TargetState {
    let states = &recovered.target_states;
    states.iter().find(|(target, _)| target == name).map_or(TargetState::Running, |(_, state)| state.clone())
}

/// The outcome of an attempt, for whoever reads it later: of the request `step`, where an event takes several.
pub(super) fn describe(outcome: &DeliveryOutcome, replayed: Option<&str>, step: Option<&str>) -> String {
    let outcome = match outcome {
        DeliveryOutcome::Delivered => "delivered".to_owned(),
        DeliveryOutcome::AlreadyExists => "delivered: the target had it already".to_owned(),
        DeliveryOutcome::Unknown { reason } | DeliveryOutcome::UnknownForGood { reason } => {
            format!("unknown: {reason}")
        }
        DeliveryOutcome::Retry { reason, .. } => format!("failed: {reason}"),
        DeliveryOutcome::Refused { reason } => format!("refused: {reason}"),
        DeliveryOutcome::Dead { reason } => format!("refused permanently: {reason}"),
        DeliveryOutcome::Misconfigured { reason } => format!("misconfigured: {reason}"),
        DeliveryOutcome::Gone { reason } => format!("gone: {reason}"),
        DeliveryOutcome::UnknownCall { reason } => format!("unknown call: {reason}"),
    };
    let outcome = match (step, outcome.split_once(": ")) {
        (Some(step), Some((word, reason))) => format!("{word}: {step}: {reason}"),
        (Some(step), None) => format!("{outcome}: {step}"),
        (None, _) => outcome,
    };
    match replayed {
        Some(kind) => format!("{kind} sent again: {outcome}"),
        None => outcome,
    }
}
