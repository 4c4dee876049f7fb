//! What the writer has to say.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use ringwire_event::CallEvent;

use super::{Requested, StoreError, Swept};
use crate::{EndpointName, delivery::DeliveryId};

/// An event with the numbers it has in the journal.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Its place in the journal.
    pub seq: i64,
    /// What happened.
    pub event: Arc<CallEvent>,
    /// Who is owed it, and under which number.
    pub owed: Vec<(EndpointName, DeliveryId)>,
    /// Whether it was told to others before.
    pub retold: bool,
    /// When it was learnt.
    pub recorded: Timestamp,
}

/// What the writer has to say.
#[derive(Debug)]
pub enum Report {
    /// Events are on disk; or, where `durable` is not set, in memory until the disk can be written.
    Committed {
        /// The events, in order.
        events: Vec<Committed>,
        /// Whether they are on disk.
        durable: bool,
    },
    /// Events were in the journal before: nothing is owed of them anew.
    Repeated {
        /// How many.
        events: usize,
    },
    /// The journal cannot be written.
    Failing {
        /// Why.
        error: StoreError,
    },
    /// The journal can be written again, and has all that was kept in memory.
    Healed {
        /// How many events were too many to keep: the journal does not have them.
        lost: u64,
    },
    /// The file was damaged and has been put aside; a new one is begun.
    SetAside {
        /// Where it is now.
        path: PathBuf,
        /// What was wrong with it.
        found: String,
    },
    /// The operator wants something, and it stands in the tables by now.
    Order(Requested),
    /// What was removed because of its age or size.
    Swept(Swept),
}
