//! What goes into a machine besides events: rows that it requested from the store, and the operator's commands.

use ringwire_event::CallId;

use crate::{DeliveryId, PendingDelivery, TargetName};

/// Something to read from the store. Each is requested once, so each must be answered, however late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadRequest {
    /// More pending deliveries, answered by [`DeliveryMachine::load`](crate::DeliveryMachine::load).
    Pending(PendingRange),
    /// The newCall of a call that a target does not know, and the last answer if there is one; answered by
    /// [`DeliveryMachine::resend_opening`](crate::DeliveryMachine::resend_opening).
    Opening {
        /// Which target.
        target: TargetName,
        /// Which call.
        call: CallId,
    },
}

/// The pending deliveries of a target, those waiting for a retry included, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRange {
    /// Which target.
    pub target: TargetName,
    /// Only deliveries with a greater id.
    pub after: DeliveryId,
    /// At most this many, and the first of them.
    pub limit: usize,
    /// Tells the answer to this request from one to an earlier request.
    pub(crate) ticket: u64,
}

/// What the operator commands. A command for an unknown target is ignored.
#[derive(Clone, Debug, PartialEq)]
pub enum DeliveryCommand {
    /// Send nothing more to the target, not even probes.
    Pause {
        /// Which target.
        target: TargetName,
        /// Why, for whoever reads it later.
        reason: String,
    },
    /// Send to the target again, at once and whatever was wrong with it.
    Resume {
        /// Which target.
        target: TargetName,
    },
    /// Try a delivery again: now, if it waits for a later retry; in its place among those of its call, if it was dead,
    /// expired, dropped or unknown, in which case the store must have made it pending first. It never expires.
    ///
    /// What the target has received of the call after it follows it once more, marked [`PriorAttempt::Delivered`](crate::PriorAttempt::Delivered).
    Retry {
        /// Which target.
        target: TargetName,
        /// The delivery as it is stored now.
        pending: PendingDelivery,
    },
    /// Do not try a delivery again. One that is in flight may still arrive.
    Drop {
        /// Which target.
        target: TargetName,
        /// Which delivery.
        id: DeliveryId,
    },
}
