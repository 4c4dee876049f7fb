//! What goes out of an outbox and what comes back into it.

use std::{fmt, sync::Arc, time::Duration};

use ringwire_event::{CallEvent, CallId};

use crate::EndpointName;

/// One event that one endpoint is owed; the same on every try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub(crate) u64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is to be sent now.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// What to settle it under.
    pub id: DeliveryId,
    /// Who is to be told.
    pub endpoint: EndpointName,
    /// What it is to be told. Where [`Delivery::again`] is set, this is not the event that is owed but the
    /// newCall of its call.
    pub event: Arc<CallEvent>,
    /// How many tries have failed before this one.
    pub failures: u32,
    /// Whether the call is announced again, because the endpoint said that it does not know it.
    pub again: bool,
}

/// How a delivery went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint has it.
    Delivered,
    /// It failed in a way that may pass.
    Retry {
        /// What went wrong, for the operator.
        reason: String,
        /// How long the endpoint asked to be left alone.
        after: Option<Duration>,
    },
    /// It will never be taken.
    Dead {
        /// What went wrong, for the operator.
        reason: String,
    },
    /// Nothing will be taken until somebody corrects a setting. The endpoint is held; no try is used up.
    Misconfigured {
        /// What went wrong and what to do, for the operator.
        reason: String,
    },
    /// The endpoint does not know the call: it is to be announced again, then this is to be said again.
    UnknownCall {
        /// What the endpoint said, for the operator.
        reason: String,
    },
}

/// How an endpoint is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It takes what it is sent, as far as is known.
    #[default]
    Well,
    /// The last try failed.
    Failing {
        /// What went wrong first.
        reason: String,
    },
    /// It is held until somebody corrects a setting, and probed from time to time.
    Held {
        /// What is wrong and what to do.
        reason: String,
    },
}

/// Something the operator should know. Each is given once, when it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An endpoint is doing otherwise than before.
    Health {
        /// Which endpoint.
        endpoint: EndpointName,
        /// How it is doing now.
        health: Health,
        /// How much waits for it.
        waiting: usize,
    },
    /// One event will not reach an endpoint: it refused it, or every try has failed.
    Dead {
        /// Which endpoint.
        endpoint: EndpointName,
        /// What it will not hear of.
        event: Arc<CallEvent>,
        /// Why.
        reason: String,
    },
    /// So much waits that the events of the call that waited longest were given up.
    GivenUp {
        /// Which endpoint will not hear of them.
        endpoint: EndpointName,
        /// Which call they belong to.
        call: CallId,
        /// How many there were.
        events: usize,
    },
}

/// How many deliveries there are, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting for their turn or their time, [`Counts::retrying`] among them.
    pub waiting: usize,
    /// Waiting because a try has failed.
    pub retrying: usize,
    /// On their way.
    pub in_flight: usize,
    /// Delivered so far.
    pub delivered: u64,
    /// Refused, or failed once too often, so far.
    pub dead: u64,
    /// Given up so far: too much waited, or the endpoint was taken away.
    pub given_up: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.waiting += other.waiting;
        self.retrying += other.retrying;
        self.in_flight += other.in_flight;
        self.delivered += other.delivered;
        self.dead += other.dead;
        self.given_up += other.given_up;
    }
}
