//! Entries that are on disk, but not in their tables yet.
//!
//! SQLite writes each page that a commit has touched to its log, whole. A few events touch a page of every table and
//! index, and so do their outcomes, which come later: of what is written then, hardly a tenth is new. Under load a group
//! is therefore committed as one row of the table `staged`, which touches two or three pages, and about once a second all
//! that is staged is merged into the tables in one transaction. Where a process is killed between the two, the next one
//! merges what is left before it reads anything.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{
    delayed::monotonic_now,
    entry::StoreEntry,
    group::{Durability, write_entries},
    staged_row,
};

/// How long entries stay staged at most.
const LONGEST: Duration = Duration::from_secs(1);

/// How long after the last one they are merged.
const QUIET: Duration = Duration::from_millis(50);

/// How many are merged at once at most: new events wait for it.
const MOST: usize = 2048;

/// What is staged, in memory too: it is merged without being read again.
#[derive(Debug, Default)]
pub(super) struct Staging {
    entries: Vec<StoreEntry>,
    /// The ids of the events among them.
    ids: HashSet<String>,
    first: Option<Instant>,
    last: Option<Instant>,
    /// Whether there is anything, for those who read the tables.
    is_used: Arc<AtomicBool>,
}

impl Staging {
    /// Whether anything is staged, at any time.
    pub(super) fn is_used(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_used)
    }

    /// How much longer it may stay; `None` when there is nothing.
    pub(super) fn remaining(&self) -> Option<Duration> {
        let (first, last) = (self.first?, self.last?);
        if self.entries.len() >= MOST {
            return Some(Duration::ZERO);
        }
        let quiet = QUIET.saturating_sub(last.elapsed());
        Some(quiet.min(LONGEST.saturating_sub(first.elapsed())))
    }

    pub(super) fn is_due(&self) -> bool {
        self.remaining().is_some_and(|remaining| remaining.is_zero())
    }

    /// Whether these entries can be staged: what the operator sees of a target is in its table at once.
    pub(super) fn can_take(entries: &[StoreEntry]) -> bool {
        !entries.iter().any(|entry| matches!(entry, StoreEntry::Target(_)))
    }

    /// Writes a group as one row; gives its entries that were not there before.
    pub(super) fn stage(
        &mut self,
        db: &mut Connection,
        entries: &[StoreEntry],
        durability: Durability,
    ) -> rusqlite::Result<Vec<bool>> {
        let mut is_new = Vec::with_capacity(entries.len());
        let mut row = String::new();
        let mut ids: HashSet<&str> = HashSet::new();
        for entry in entries {
            let new = match entry {
                StoreEntry::Event(numbered) if !numbered.is_replay => {
                    let id = &*numbered.event.id;
                    !self.ids.contains(id) && !has_event(db, id)? && ids.insert(id)
                }
                _ => true,
            };
            if new {
                staged_row::append(&mut row, entry)?;
            }
            is_new.push(new);
        }
        db.execute_batch(durability.pragma())?;
        if !row.is_empty() {
            let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            change.prepare_cached("INSERT INTO staged (body) VALUES (?1)")?.execute([row])?;
            change.commit()?;
        }
        Ok(is_new)
    }

    /// Keeps the entries of a group that is staged until they are merged.
    pub(super) fn keep(&mut self, entries: impl Iterator<Item = StoreEntry>) {
        for entry in entries {
            if let StoreEntry::Event(numbered) = &entry {
                self.ids.insert(numbered.event.id.clone());
            }
            self.entries.push(entry);
        }
        if !self.entries.is_empty() {
            let now = monotonic_now();
            self.first.get_or_insert(now);
            self.last = Some(now);
            self.is_used.store(true, Ordering::Release);
        }
    }

    /// Merges what is staged into the tables.
    pub(super) fn merge(&mut self, db: &mut Connection) -> rusqlite::Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        merge(db, &self.entries)?;
        self.entries.clear();
        self.ids.clear();
        (self.first, self.last) = (None, None);
        self.is_used.store(false, Ordering::Release);
        Ok(())
    }
}

/// Merges what an earlier process has left.
pub(super) fn merge_left(db: &mut Connection) -> rusqlite::Result<()> {
    let mut entries = Vec::new();
    {
        let mut statement = db.prepare("SELECT body FROM staged ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            staged_row::read(row.get_ref(0)?.as_str()?, &mut entries)?;
        }
    }
    if entries.is_empty() { Ok(()) } else { merge(db, &entries) }
}

fn merge(db: &mut Connection, entries: &[StoreEntry]) -> rusqlite::Result<()> {
    // They are on disk: it has time.
    db.execute_batch(Durability::WithTheNext.pragma())?;
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    write_entries(&change, entries)?;
    change.execute("DELETE FROM staged", [])?;
    change.commit()
}

fn has_event(db: &Connection, id: &str) -> rusqlite::Result<bool> {
    let found =
        db.prepare_cached("SELECT 1 FROM events WHERE id = ?1")?.query_row([id], |_| Ok(())).optional()?;
    Ok(found.is_some())
}
