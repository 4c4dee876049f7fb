//! What the writer has numbered and is to write.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_event::{CallEvent, CallId, Explanation};

use super::write::{DeliveryAttempt, DeliveryUpdate, MemoryUpdate, TargetUpdate};

/// An event and its deliveries, numbered.
#[derive(Debug)]
pub(super) struct NumberedEvent {
    pub(super) seq: i64,
    pub(super) event: Arc<CallEvent>,
    /// The event as it is stored.
    pub(super) body: String,
    pub(super) deliveries: Vec<(TargetName, DeliveryId)>,
    pub(super) is_replay: bool,
    pub(super) recorded_at: Timestamp,
}

/// Something to write.
#[derive(Debug)]
pub(super) enum StoreEntry {
    Event(NumberedEvent),
    OpenAttempt(DeliveryId),
    EndAttempt { delivery: DeliveryId, may_have_arrived: bool },
    Progress { delivery: DeliveryId, progress: String },
    Memory(MemoryUpdate),
    Attempt(DeliveryAttempt),
    Delivery(DeliveryUpdate),
    Target(TargetUpdate),
    Explanation { call: CallId, explanation: Explanation },
}
