//! What a machine wants, what it reports, and what it is ordered to do.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallId};

use crate::{
    EndpointName,
    delivery::{DeliveryId, Owed, Standing},
};

/// Something to be read from the store. Each is asked for once, so each is to be answered, however late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// More rows, answered by [`Machine::load`](super::Machine::load).
    More(More),
    /// The newCall of a call that an endpoint does not know, answered by
    /// [`Machine::introduce`](super::Machine::introduce).
    Introduction {
        /// Which endpoint.
        endpoint: EndpointName,
        /// Which call.
        call: CallId,
    },
}

/// The rows of an endpoint that are neither delivered, dead, expired nor dropped, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct More {
    /// Which endpoint.
    pub endpoint: EndpointName,
    /// Only rows with a greater id.
    pub after: DeliveryId,
    /// At most so many, and the first of them.
    pub limit: usize,
    /// Tells the answer to this question from one to an earlier question.
    pub(super) ticket: u64,
}

/// Something the store must note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// What became of a delivery.
    Delivery {
        /// Which one.
        id: DeliveryId,
        /// Whose.
        endpoint: EndpointName,
        /// What became of it.
        state: State,
    },
    /// Whether an endpoint is sent to.
    Endpoint {
        /// Which one.
        endpoint: EndpointName,
        /// How it stands now.
        standing: Standing,
    },
}

/// What became of a delivery. All but [`State::Retry`] are final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The endpoint has it.
    Delivered,
    /// A try has failed, and there will be another.
    Retry {
        /// How many tries have failed.
        failures: u32,
        /// When the next one is.
        due: Timestamp,
        /// What went wrong.
        reason: String,
    },
    /// It was refused, or has failed once too often.
    Dead {
        /// What went wrong.
        reason: String,
    },
    /// It was too late to tell.
    Expired {
        /// By which rule.
        reason: String,
    },
    /// The operator dropped it. It may be said of a row that is dead, and of one that is delivered by now: such a
    /// one stays delivered.
    Dropped,
}

/// Something the operator should know. Each is given once, when it happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// An endpoint keeps failing: it is spared, and tried from time to time.
    Failing {
        /// Which endpoint.
        endpoint: EndpointName,
        /// What went wrong last.
        reason: String,
        /// How much waits for it in memory.
        waiting: usize,
    },
    /// An endpoint that kept failing takes events again.
    Recovered {
        /// Which endpoint.
        endpoint: EndpointName,
        /// How much waits for it in memory.
        waiting: usize,
    },
    /// An endpoint refuses all events until somebody corrects a setting: it is paused, and tried from time to
    /// time.
    Paused {
        /// Which endpoint.
        endpoint: EndpointName,
        /// What is wrong and what to do.
        reason: String,
    },
    /// An endpoint that was paused for its replies takes events again.
    Resumed {
        /// Which endpoint.
        endpoint: EndpointName,
    },
    /// An endpoint said that it is no more. Nothing is sent until the operator resumes it.
    Disabled {
        /// Which endpoint.
        endpoint: EndpointName,
        /// What it said.
        reason: String,
    },
    /// One event will not reach an endpoint: it refused it, or every try has failed.
    Dead {
        /// Which delivery.
        id: DeliveryId,
        /// Which endpoint.
        endpoint: EndpointName,
        /// What it will not hear of.
        event: Arc<CallEvent>,
        /// Why.
        reason: String,
    },
}

/// What the operator wants. An order for an endpoint that is not known is passed over.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Nothing more is sent to the endpoint, not even to see whether it would be taken.
    Pause {
        /// Which endpoint.
        endpoint: EndpointName,
        /// Why, for whoever reads it later.
        reason: String,
    },
    /// The endpoint is sent to again, at once and whatever was wrong with it.
    Resume {
        /// Which endpoint.
        endpoint: EndpointName,
    },
    /// A delivery is tried again: now, if it waits for a later try; in its place among those of its call, if it
    /// was dead, expired or dropped. The store is to have made it pending before. It does not become too late.
    Retry {
        /// Whose.
        endpoint: EndpointName,
        /// Which one, as it stands in the store now.
        owed: Owed,
    },
    /// A delivery is not to be tried again. One that is on its way may still arrive.
    Drop {
        /// Whose.
        endpoint: EndpointName,
        /// Which one.
        id: DeliveryId,
    },
}
