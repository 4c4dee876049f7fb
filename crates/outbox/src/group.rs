//! Groups of entries, written as one transaction.

use rusqlite::{Connection, TransactionBehavior};

use super::{entry::StoreEntry, memory, tables};

/// The most entries of one transaction.
pub(super) const GROUP: usize = 512;

/// When the disk has what is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Durability {
    /// With the commit.
    Immediate,
    /// With the next commit that is immediate.
    WithTheNext,
}

impl Durability {
    pub(super) fn pragma(self) -> &'static str {
        match self {
            Self::Immediate => "PRAGMA synchronous = FULL",
            Self::WithTheNext => "PRAGMA synchronous = NORMAL",
        }
    }
}

/// Writes a group as one transaction; says for each entry whether it was written, and not there before.
pub(super) fn write_group(
    db: &mut Connection,
    entries: &[StoreEntry],
    durability: Durability,
) -> rusqlite::Result<Vec<bool>> {
    db.execute_batch(durability.pragma())?;
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let is_new = write_entries(&change, entries)?;
    change.commit()?;
    Ok(is_new)
}

/// Writes entries into the tables, in the caller's transaction.
pub(super) fn write_entries(change: &Connection, entries: &[StoreEntry]) -> rusqlite::Result<Vec<bool>> {
    let mut is_new = Vec::with_capacity(entries.len());
    for entry in entries {
        is_new.push(match entry {
            StoreEntry::Event(event) => tables::write_event(change, event)?,
            StoreEntry::OpenAttempt(delivery) => tables::open_attempt(change, *delivery)?,
            StoreEntry::EndAttempt { delivery, may_have_arrived } => {
                tables::end_attempt(change, *delivery, *may_have_arrived).map(|()| true)?
            }
            StoreEntry::Progress { delivery, progress } => {
                memory::write_progress(change, *delivery, progress).map(|()| true)?
            }
            StoreEntry::Memory(update) => memory::write_memory(change, update).map(|()| true)?,
            StoreEntry::Attempt(attempt) => tables::write_attempt(change, attempt).map(|()| true)?,
            StoreEntry::Delivery(update) => tables::write_delivery_state(change, update).map(|()| true)?,
            StoreEntry::Target(update) => tables::write_target_state(change, update).map(|()| true)?,
            StoreEntry::Explanation { call, explanation } => {
                tables::write_explanation(change, call, explanation).map(|()| true)?
            }
        });
    }
    Ok(is_new)
}
