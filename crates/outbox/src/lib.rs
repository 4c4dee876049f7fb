//! The journal on disk: every call event, its deliveries to targets, and what became of them.
//!
//! One SQLite file. A single [`Store`] writes it, on a thread of its own that commits in groups: everything that waits
//! goes into one transaction, so a busy hour costs no more syncs than the disk can do. An event and its deliveries are
//! one transaction, which is on disk before it is [reported](StoreReport::Committed). Under load they are first staged as
//! one row, and merged into their tables about once a second. [`StoreReader`]s read it on connections of their own and
//! never block the writer.
//!
//! If the disk is full, read-only or broken, events are reported all the same, marked as not durable, and kept in a
//! bounded memory until they can be written: calls are still followed, and their events still sent.

mod channels;
mod checkpoint;
mod cleaning;
mod commands;
mod damaged;
mod delayed;
mod entry;
mod error;
mod group;
mod journal_file;
mod legacy;
mod location;
mod loss;
mod memory;
mod migrations;
mod pace;
mod packed;
mod reader;
mod records;
mod report;
mod retention;
mod schema;
mod scrub;
mod staged_row;
mod staging;
mod store;
mod tables;
mod write;
mod writer;

pub use commands::{
    AppliedCommand, CommandReceipt, OperatorCommand, submit_commands, submit_commands_within,
};
pub use error::StoreError;
pub use location::{JournalCondition, check_journal, describe_absence};
pub use loss::{FileLoss, JournalLoss};
pub use reader::{
    CallCursor, CallFilter, CallPage, DeliveryFilter, DeliverySteps, PendingPage, RecoveredState,
    StoreReader, StoreReaders,
};
pub use records::{
    AttemptRecord, CallRecord, DeliveryDetail, DeliveryRecord, DeliveryTally, PendingCount, StreamRecord,
    TargetRecord,
};
pub use report::{CommittedEvent, OpenOutcome, StoreReport};
pub use retention::{PersonalDataPolicy, RetentionPolicy, SweepSummary};
pub use store::Store;
pub use write::{
    DeliveryAttempt, DeliveryUpdate, MemoryChange, MemoryUpdate, NewEvent, ProgressUpdate, StoreWrite,
    StoredDeliveryState, TargetUpdate,
};
