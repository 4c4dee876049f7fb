//! Reading the journal while the writer writes it.

mod calls;
mod columns;
mod connection;
mod deliveries;
mod events;
mod explanations;
mod pending;
mod pool;
mod recovered;
mod search;
mod staged;
mod steps;

pub use self::{
    calls::{CallCursor, CallFilter, CallPage},
    connection::StoreReader,
    deliveries::DeliveryFilter,
    pending::PendingPage,
    pool::StoreReaders,
    recovered::RecoveredState,
    steps::DeliverySteps,
};
pub(super) use self::{pending::pending_by_id, staged::StagedWriter};
