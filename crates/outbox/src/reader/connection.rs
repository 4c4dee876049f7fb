//! A connection that only reads.

use std::path::Path;

use rusqlite::Connection;

use super::super::{
    error::StoreError,
    loss::{self, JournalLoss},
    migrations::LOSSES,
    schema,
};

/// A connection that only reads.
#[derive(Debug)]
pub struct StoreReader {
    pub(super) db: Connection,
    /// The schema version of the file.
    pub(super) version: usize,
}

impl StoreReader {
    /// Opens the journal at `path` to read it.
    ///
    /// # Errors
    /// There is none, or it cannot be read, or it is not one of ours.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        schema::open_to_read(path).map(|(db, version)| Self { db, version })
    }

    /// When and why the journal was begun anew last; `None` if it never was for as long as calls are kept.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn last_loss(&self) -> rusqlite::Result<Option<JournalLoss>> {
        if self.version >= LOSSES { loss::last(&self.db) } else { Ok(None) }
    }
}
