//! The file of the journal as the writer has it: locked, checked, and checkpointed beside it.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{checkpoint::Checkpointer, error::StoreError, location, report::OpenOutcome, schema};

/// The file of the journal, which may not be open at present.
pub(super) struct JournalFile {
    path: PathBuf,
    lock: Option<File>,
    /// `None` while it cannot be opened.
    db: Option<Connection>,
    /// Runs as long as the file is open.
    checkpointer: Option<Checkpointer>,
    started_at: Timestamp,
    /// Whether the file was checked since it was last found to be damaged.
    is_sound: bool,
}

impl JournalFile {
    pub(super) fn new(path: &Path, started_at: Timestamp) -> Self {
        Self { path: path.to_owned(), lock: None, db: None, checkpointer: None, started_at, is_sound: false }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Locks and opens the file, which is created if need be; a damaged one is set aside. It is in use once it is
    /// [attached](Self::attach).
    pub(super) fn open(&mut self, outcome: &mut OpenOutcome) -> Result<Connection, StoreError> {
        location::prepare(&self.path)?;
        if self.lock.is_none() {
            self.lock = Some(location::lock(&self.path)?);
        }
        match self.open_sound(outcome) {
            Err(StoreError::Damaged { found, .. }) => {
                let aside = location::set_aside(&self.path, self.started_at)
                    .map_err(|error| StoreError::location(&self.path, error))?;
                outcome.set_aside = Some((aside, found));
                location::prepare(&self.path)?;
                self.open_sound(outcome)
            }
            other => other,
        }
    }

    pub(super) fn attach(&mut self, db: Connection) {
        self.db = Some(db);
        self.checkpointer = Some(Checkpointer::start(self.path.clone()));
    }

    pub(super) fn db(&mut self) -> Option<&mut Connection> {
        self.db.as_mut()
    }

    /// Closes a file that was found to be damaged.
    pub(super) fn discard(&mut self) {
        self.is_sound = false;
        self.checkpointer = None;
        self.db = None;
    }

    /// Whether the disk takes anything. An empty transaction writes nothing, so it proves nothing: the record of this run
    /// is written anew.
    pub(super) fn is_writable(&self) -> bool {
        self.db.as_ref().is_some_and(|db| schema::begin_run(db, self.started_at.as_millisecond()).is_ok())
    }

    /// Closes the file, in an orderly way if `is_orderly`.
    pub(super) fn close(mut self, is_orderly: bool, now: Timestamp) {
        self.checkpointer = None;
        if let Some(db) = self.db.take().filter(|_| is_orderly) {
            // Should it fail, the next start finds a run that did not end, and checks the file.
            let _ = schema::end_run(&db, now.as_millisecond());
        }
    }

    fn open_sound(&mut self, outcome: &mut OpenOutcome) -> Result<Connection, StoreError> {
        let failed = |error| StoreError::sqlite(&self.path, error);
        let db = schema::open(&self.path)?;
        if !schema::ended_cleanly(&db).map_err(failed)? {
            outcome.unclean = true;
            // While the daemon waits for a full disk, a large file is not read through every second.
            if !self.is_sound
                && let Some(found) = schema::quick_check(&db).map_err(failed)?
            {
                return Err(StoreError::Damaged { path: self.path.clone(), found });
            }
        }
        self.is_sound = true;
        schema::begin_run(&db, self.started_at.as_millisecond()).map_err(failed)?;
        Ok(db)
    }
}
