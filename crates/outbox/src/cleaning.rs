//! What follows when numbers and names were erased: nothing of them is left in the files, either.
//!
//! A pass over the file overwrites what SQLite has left behind, gives free pages back to the disk, and empties the log.
//! It is done in small steps, between which events are written.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode};

use super::{schema, scrub};

/// How long after one pass the next one begins at the earliest: each reads the whole file.
const INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// How many free pages are given back in one step.
pub(super) const VACUUMED: u64 = 256;

/// How far the cleaning of the file is.
#[derive(Debug)]
pub(super) struct Cleaning {
    /// Whether something was erased since the last pass began.
    is_due: bool,
    /// When the last pass began.
    began_at: Option<Timestamp>,
    step: CleaningStep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CleaningStep {
    Idle,
    /// The unused parts of pages are overwritten, from this page on.
    Scrub(u32),
    /// Free pages are given back.
    Vacuum,
    /// The log is emptied.
    Truncate,
}

impl Default for Cleaning {
    /// The file may have been left uncleaned by an earlier process.
    fn default() -> Self {
        Self { is_due: true, began_at: None, step: CleaningStep::Idle }
    }
}

impl Cleaning {
    /// Something was erased.
    pub(super) fn request(&mut self) {
        self.is_due = true;
    }

    /// Takes one step at `now`; `true` if the next one is due at once.
    pub(super) fn step(&mut self, db: &mut Connection, now: Timestamp) -> rusqlite::Result<bool> {
        match self.step {
            CleaningStep::Idle => {
                let is_early = self.began_at.is_some_and(|began_at| now.duration_since(began_at) < INTERVAL);
                if !self.is_due || is_early {
                    return Ok(false);
                }
                (self.is_due, self.began_at, self.step) = (false, Some(now), CleaningStep::Scrub(1));
            }
            CleaningStep::Scrub(first) => {
                self.step = scrub::scrub(db, first)?.map_or(CleaningStep::Vacuum, CleaningStep::Scrub);
            }
            CleaningStep::Vacuum => {
                if vacuum(db)? == 0 {
                    self.step = CleaningStep::Truncate;
                }
            }
            CleaningStep::Truncate => {
                if truncate(db)? {
                    self.step = CleaningStep::Idle;
                }
                // While somebody reads from the log it cannot be emptied: that is tried with the next sweep.
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Gives some free pages back to the disk; gives how many are left.
pub(super) fn vacuum(db: &Connection) -> rusqlite::Result<i64> {
    db.execute_batch(&format!("PRAGMA incremental_vacuum({VACUUMED})"))?;
    db.query_row("PRAGMA freelist_count", [], |row| row.get(0))
}

/// Empties the log, unless somebody reads from it or checkpoints it now.
fn truncate(db: &Connection) -> rusqlite::Result<bool> {
    db.busy_timeout(Duration::ZERO)?;
    let emptied = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0));
    db.busy_timeout(schema::BUSY)?;
    match emptied {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
        other => other,
    }
}
