//! A delivery: one event to one target, as it is stored and as it is sent.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use ringwire_event::CallEvent;

use crate::TargetName;

/// The id of a delivery's row in the store: the same for every attempt and after a restart, and ascending in the
/// order in which rows were committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event that one target is still to receive, as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingDelivery {
    /// Its row.
    pub id: DeliveryId,
    /// The event to send.
    pub event: Arc<CallEvent>,
    /// When the row was written. The lifetime of an event that has no time of its own counts from here.
    pub committed_at: Timestamp,
    /// How many attempts have failed.
    pub failures: u32,
    /// The earliest time of the next attempt; `None` if none has failed.
    pub due_at: Option<Timestamp>,
}

/// A delivery to send now.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The id to complete it under.
    pub id: DeliveryId,
    /// The target.
    pub target: TargetName,
    /// The event to send. Where [`Delivery::is_replay`] is set, it is not the pending event but the newCall of its
    /// call.
    pub event: Arc<CallEvent>,
    /// When the row was written.
    pub committed_at: Timestamp,
    /// How many attempts have failed before this one.
    pub failures: u32,
    /// Whether the newCall is sent again, because the target replied that it does not know the call.
    pub is_replay: bool,
}
