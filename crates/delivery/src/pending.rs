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

/// What is known of the attempts of a delivery beside the number of those that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PriorAttempt {
    /// None can have been processed.
    #[default]
    None,
    /// One was about to be sent that may not be repeated, and nobody knows what became of it.
    Open,
    /// One may have been processed.
    Unknown,
    /// One was delivered. The delivery is pending again only because an earlier one of its call is.
    Delivered,
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
    /// What is known of earlier attempts.
    pub prior: PriorAttempt,
}

/// A delivery to send now.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The id to complete it under.
    pub id: DeliveryId,
    /// The target.
    pub target: TargetName,
    /// The event to send. Where [`Delivery::is_replay`] is set, it is not the pending event but an earlier one of its
    /// call: the newCall, or the answer.
    pub event: Arc<CallEvent>,
    /// When the row was written.
    pub committed_at: Timestamp,
    /// How many attempts have failed before this one.
    pub failures: u32,
    /// Whether an earlier event of the call is sent again, because the target replied that it does not know the call.
    pub is_replay: bool,
    /// Whether it is sent without what disturbs people: it may have been processed before, or the call is over.
    pub is_quiet: bool,
    /// Whether it may not be repeated once it may have been processed. Then its attempt is to be on disk before it is
    /// sent ([`PriorAttempt::Open`]), and it waits longer for its reply.
    pub is_unrepeatable: bool,
}
