//! The journal on disk: every call event, what is owed of it to whom, and what became of that.
//!
//! One SQLite file. A single [`Store`] writes it, on a thread of its own that commits in groups: what waits goes
//! into one transaction, so a busy hour costs no more syncs than the disk can do. An event and what is owed of it
//! are one transaction; nothing is [reported](Report::Committed) before that is on disk. [`Reader`]s look at it on
//! connections of their own and never hold the writer up.
//!
//! If the disk is full, read-only or broken, events are reported all the same, marked as not durable, and kept in
//! a bounded memory until they can be written: calls go on being followed and told of.

mod checkpoint;
mod error;
mod group;
mod orders;
mod place;
mod reader;
mod records;
mod report;
mod retention;
mod schema;
mod tables;
mod write;
mod writer;

pub use error::StoreError;
pub use orders::{Request, Requested, Taken, request};
pub use place::{Condition, check};
pub use reader::{CallFilter, CallPage, CallPlace, DeliveryFilter, Page, Reader, Readers, Resumption};
pub use records::{
    AttemptRecord, CallRecord, DeliveryDetail, DeliveryRecord, StandingRecord, StreamRecord, Tally,
    WaitingRecord,
};
pub use report::{Committed, Report};
pub use retention::{Personal, Retention, Swept};
pub use write::{Attempt, NewEvent, Standing, StateChange, StoredState, Write};
pub use writer::{Opened, Store};
