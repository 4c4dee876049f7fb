//! What the writer has numbered and is to write.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_event::{CallEvent, CallId, Explanation};

use super::{
    report::CommittedEvent,
    write::{DeliveryAttempt, DeliveryUpdate, TargetUpdate},
};

/// An event and its deliveries, numbered.
#[derive(Debug)]
pub(super) struct NumberedEvent {
    pub(super) seq: i64,
    pub(super) event: Arc<CallEvent>,
    pub(super) deliveries: Vec<(TargetName, DeliveryId)>,
    pub(super) is_replay: bool,
    pub(super) recorded_at: Timestamp,
}

/// Something to write.
#[derive(Debug)]
pub(super) enum StoreEntry {
    Event(NumberedEvent),
    Attempt(DeliveryAttempt),
    Delivery(DeliveryUpdate),
    Target(TargetUpdate),
    Explanation { call: CallId, explanation: Explanation },
}

/// The events of `entries`, as they are reported.
pub(super) fn committed_events<'a>(entries: impl Iterator<Item = &'a StoreEntry>) -> Vec<CommittedEvent> {
    entries
        .filter_map(|entry| match entry {
            StoreEntry::Event(NumberedEvent { seq, event, deliveries, is_replay, recorded_at }) => {
                Some(CommittedEvent {
                    seq: *seq,
                    event: Arc::clone(event),
                    deliveries: deliveries.clone(),
                    is_replay: *is_replay,
                    recorded_at: *recorded_at,
                })
            }
            StoreEntry::Attempt(_)
            | StoreEntry::Delivery(_)
            | StoreEntry::Target(_)
            | StoreEntry::Explanation { .. } => None,
        })
        .collect()
}
