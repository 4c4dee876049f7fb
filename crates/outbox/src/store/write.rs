//! What there is to write.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallId, Explanation};

use crate::{EndpointName, delivery::DeliveryId};

/// Something to be written.
#[derive(Clone, Debug)]
pub enum Write {
    /// Something happened to a call.
    Event(NewEvent),
    /// A delivery was tried.
    Attempt(Attempt),
    /// A delivery is in another state than before.
    State(StateChange),
    /// An endpoint is sent to, or not.
    Standing(Standing),
    /// What was concluded about a call that is over. It is not kept while the disk cannot be written, nor for a call that
    /// the journal does not have.
    Story {
        /// Which call.
        call: CallId,
        /// What was concluded, in order.
        notes: Explanation,
    },
}

/// A call event, and who is owed it.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What happened.
    pub event: Arc<CallEvent>,
    /// Who is to be told.
    pub owed: Vec<EndpointName>,
    /// Whether the journal has the event already, as it was then: a newCall told late has later facts.
    pub retold: bool,
    /// When it was learnt.
    pub recorded: Timestamp,
}

/// How one try of a delivery went.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What was tried.
    pub delivery: DeliveryId,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What came of it, in words for the operator.
    pub outcome: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The beginning of the answer.
    pub reply: Option<String>,
}

/// What has become of a delivery.
#[derive(Clone, Debug)]
pub struct StateChange {
    /// Which one.
    pub delivery: DeliveryId,
    /// What it is now.
    pub state: StoredState,
    /// How many tries have failed; `None`: as many as before.
    pub failures: Option<u32>,
    /// Not to be tried before.
    pub due: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// The state of a delivery as it is stored. One that is on its way is stored as what it was before: should the
/// process end, that is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StoredState {
    /// Not tried yet.
    Pending,
    /// Tried, and to be tried again.
    Retry,
    /// The endpoint has it.
    Delivered,
    /// Refused, or failed once too often.
    Dead,
    /// Worth nothing any more before it could be delivered.
    Expired,
    /// Taken out by the operator.
    Dropped,
}

impl StoredState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Retry, Self::Delivered, Self::Dead, Self::Expired, Self::Dropped];

    /// The word for it, in the tables and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Retry => "retry",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Expired => "expired",
            Self::Dropped => "dropped",
        }
    }

    /// The state that `word` stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Whether an endpoint is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which endpoint.
    pub endpoint: EndpointName,
    /// `running`, `paused` (by the operator) or `disabled` (it said that it is gone).
    pub standing: &'static str,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
}
