//! What is written into the journal.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName, TargetState};
use ringwire_event::{CallEvent, CallId, Explanation};

/// Something to write.
#[derive(Clone, Debug)]
pub enum StoreWrite {
    /// Something happened to a call.
    Event(NewEvent),
    /// A delivery is about to be attempted that may not be repeated: on disk before
    /// [`StoreReport::AttemptsOpened`](crate::StoreReport::AttemptsOpened) says so.
    OpenAttempt(DeliveryId),
    /// Such an attempt has ended, and nothing else has changed.
    EndAttempt {
        /// Which delivery.
        delivery: DeliveryId,
        /// Whether one of its attempts may have been processed.
        may_have_arrived: bool,
    },
    /// A request of a delivery has arrived, and others follow: on disk before
    /// [`StoreReport::ProgressSaved`](crate::StoreReport::ProgressSaved) says so.
    Progress(ProgressUpdate),
    /// What is remembered of a call for one target has changed.
    Memory(MemoryUpdate),
    /// A delivery was attempted.
    Attempt(DeliveryAttempt),
    /// A delivery is in another state.
    Delivery(DeliveryUpdate),
    /// A target is in another state.
    Target(TargetUpdate),
    /// The explanation of a call that has ended. It is dropped while the disk cannot be written, and for a call that the
    /// journal does not have.
    Explanation {
        /// Which call.
        call: CallId,
        /// The explanation.
        explanation: Explanation,
    },
}

/// A call event and its targets.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event.
    pub event: Arc<CallEvent>,
    /// The targets it is to be delivered to.
    pub targets: Vec<TargetName>,
    /// Whether the journal has the event already, as it was then: the replay of a newCall has later facts.
    pub is_replay: bool,
    /// When the daemon learnt of it.
    pub recorded_at: Timestamp,
}

/// How far the delivery of an event has come that takes several requests.
#[derive(Clone, Debug)]
pub struct ProgressUpdate {
    /// Which delivery. No request of it is on its way.
    pub delivery: DeliveryId,
    /// Which of its requests have arrived, as JSON.
    pub progress: String,
    /// What their replies have said of the call, if anything.
    pub memory: Option<MemoryUpdate>,
}

/// What is remembered of a call for one target.
#[derive(Clone, Debug)]
pub struct MemoryUpdate {
    /// Which target.
    pub target: TargetName,
    /// Which call.
    pub call: CallId,
    /// What becomes of what is remembered.
    pub change: MemoryChange,
}

/// What becomes of what is remembered of a call for one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryChange {
    /// It is this, as JSON. It is dropped for a call that the journal does not have.
    Set(String),
    /// It is wrong: the target does not know the call.
    Forget,
    /// The call is over. It is kept where a delivery of the call may still be retried, and then goes with the call.
    EndOfCall,
}

/// One attempt of a delivery.
#[derive(Clone, Debug)]
pub struct DeliveryAttempt {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// When it started.
    pub at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// The outcome, for the operator.
    pub outcome: String,
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// The beginning of the reply.
    pub reply: Option<String>,
}

/// The new state of a delivery.
#[derive(Clone, Debug)]
pub struct DeliveryUpdate {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Its new state.
    pub state: StoredDeliveryState,
    /// How many attempts have failed; `None`: as many as before.
    pub failures: Option<u32>,
    /// The earliest time of the next attempt.
    pub due_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// Whether one of its attempts may have been processed, if there is to be another.
    pub may_have_arrived: bool,
    /// Since when.
    pub at: Timestamp,
}

/// The state of a delivery as it is stored. One that is in flight is stored in its previous state: should the process
/// end, that is its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StoredDeliveryState {
    /// Not attempted yet.
    Pending,
    /// Attempted, and to be retried.
    Retry,
    /// The target has accepted it.
    Delivered,
    /// The target refused it, or the last attempt has failed.
    Dead,
    /// It was too late to send it.
    Expired,
    /// Dropped by the operator.
    Dropped,
    /// Nobody knows whether the target has processed it, and it may not be repeated.
    Unknown,
}

impl StoredDeliveryState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Retry,
        Self::Delivered,
        Self::Dead,
        Self::Expired,
        Self::Dropped,
        Self::Unknown,
    ];

    /// The word for it, in the tables, in the API and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Retry => "retry",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Expired => "expired",
            Self::Dropped => "dropped",
            Self::Unknown => "unknown",
        }
    }

    /// The state that `word` stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The new state of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUpdate {
    /// Which target.
    pub target: TargetName,
    /// Its new state.
    pub state: TargetState,
    /// Since when.
    pub at: Timestamp,
}
