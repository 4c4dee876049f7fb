//! One event that one endpoint is owed, as it comes in and as it goes out.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use ringwire_event::CallEvent;

use crate::EndpointName;

/// The id of a delivery's row in the store: the same on every try and after a restart, and rising in the order in
/// which rows were committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One event owed to one endpoint, as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Owed {
    /// Its row.
    pub id: DeliveryId,
    /// What is to be told.
    pub event: Arc<CallEvent>,
    /// When the row was written. The lifetime of an event without a time of its own counts from here.
    pub committed: Timestamp,
    /// How many tries have failed.
    pub failures: u32,
    /// Not to be tried before; `None` for one that has not failed.
    pub due: Option<Timestamp>,
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
    /// When the row was written.
    pub committed: Timestamp,
    /// How many tries have failed before this one.
    pub failures: u32,
    /// Whether the call is announced again, because the endpoint said that it does not know it.
    pub again: bool,
}
