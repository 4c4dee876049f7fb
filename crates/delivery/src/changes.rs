//! What comes out of a machine besides deliveries: changes to store, and notices for the operator.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use ringwire_event::CallEvent;

use crate::{DeliveryId, LoadRequest, TargetName, TargetState};

/// A change that the store must record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// A delivery is in another state.
    Delivery {
        /// Which delivery.
        id: DeliveryId,
        /// Its target.
        target: TargetName,
        /// The new state.
        state: DeliveryState,
    },
    /// An attempt has ended that changes nothing of its delivery but this.
    AttemptEnded {
        /// Which delivery.
        id: DeliveryId,
        /// Whether one of its attempts may have been processed.
        may_have_arrived: bool,
    },
    /// A target is in another state.
    Target {
        /// Which target.
        target: TargetName,
        /// The new state.
        state: TargetState,
    },
}

/// What became of a delivery. All states but [`DeliveryState::Retry`] are final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// The target has accepted it.
    Delivered,
    /// An attempt has failed, and there will be another.
    Retry {
        /// How many attempts have failed.
        failures: u32,
        /// When the next one is due.
        due_at: Timestamp,
        /// Why the last one failed.
        reason: String,
        /// Whether one of the attempts may have been processed.
        may_have_arrived: bool,
    },
    /// Nobody knows whether the target has processed it, and it may not be repeated. The operator decides.
    Unknown {
        /// What went wrong.
        reason: String,
    },
    /// The target refused it, or the last attempt has failed.
    Dead {
        /// Why.
        reason: String,
    },
    /// It was too late to send it.
    Expired {
        /// By which rule.
        reason: String,
    },
    /// The operator dropped it. This may follow for a delivery that is dead, and for one that is delivered by now:
    /// that one stays delivered.
    Dropped,
}

/// Something the operator should know. Each is given once, when it happens.
#[derive(Clone, Debug, PartialEq)]
pub enum OperatorNotice {
    /// A target keeps failing: events are queued, and it is probed from time to time.
    Failing {
        /// Which target.
        target: TargetName,
        /// The last failure.
        reason: String,
        /// How many deliveries are pending in memory.
        pending: usize,
    },
    /// A target that kept failing accepts events again.
    Recovered {
        /// Which target.
        target: TargetName,
        /// How many deliveries are pending in memory.
        pending: usize,
    },
    /// A target refuses all events until somebody corrects a setting: events are queued, and it is probed from time
    /// to time.
    Misconfigured {
        /// Which target.
        target: TargetName,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A target that was misconfigured accepts events again.
    Resumed {
        /// Which target.
        target: TargetName,
    },
    /// A target replied that it no longer exists. Nothing is sent until the operator resumes it.
    Disabled {
        /// Which target.
        target: TargetName,
        /// Its reply.
        reason: String,
    },
    /// Nobody knows whether the target has processed a delivery that may not be repeated.
    Unknown {
        /// Which delivery.
        id: DeliveryId,
        /// Its target.
        target: TargetName,
        /// The event that the target may have received.
        event: Arc<CallEvent>,
        /// What went wrong.
        reason: String,
    },
    /// A delivery has permanently failed: the target refused it, or the last attempt has failed.
    Dead {
        /// Which delivery.
        id: DeliveryId,
        /// Its target.
        target: TargetName,
        /// The event that the target does not receive.
        event: Arc<CallEvent>,
        /// Why.
        reason: String,
    },
}

/// What waits to be polled from a machine.
#[derive(Debug, Default)]
pub(crate) struct MachineOutput {
    pub(crate) load_requests: VecDeque<LoadRequest>,
    pub(crate) changes: VecDeque<StateChange>,
    pub(crate) notices: VecDeque<OperatorNotice>,
}
