//! The file of the journal as the writer has it: locked, checked, and checkpointed beside it.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    checkpoint::Checkpointer,
    error::StoreError,
    location,
    loss::{self, FileLoss},
    report::OpenOutcome,
    schema, staging,
    tables::NextIds,
};

/// Up to this size, in bytes, the file is checked wherever it was not closed. To read a larger one through takes seconds
/// in which calls are not followed, so that is done only where the system has been started since: a process that is
/// killed damages nothing.
const LARGEST_CHECKED: u64 = 32 << 20;

/// The file of the journal, which may not be open at present.
pub(super) struct JournalFile {
    path: PathBuf,
    lock: Option<File>,
    /// `None` while it cannot be opened.
    db: Option<Connection>,
    /// The file that was opened.
    identity: Option<(u64, u64)>,
    /// The connection to a file that was lost, until what is pending is in a new one; and what became of the file.
    lost: Option<LostFile>,
    /// Runs as long as the file is open.
    checkpointer: Option<Checkpointer>,
    started_at: Timestamp,
    /// Whether the file was checked since it was last found to be damaged.
    is_sound: bool,
}

/// A journal whose file was deleted or replaced. The connection still reads it.
struct LostFile {
    db: Connection,
    loss: FileLoss,
    aside: Option<PathBuf>,
}

impl JournalFile {
    pub(super) fn new(path: &Path, started_at: Timestamp) -> Self {
        Self {
            path: path.to_owned(),
            lock: None,
            db: None,
            identity: None,
            lost: None,
            checkpointer: None,
            started_at,
            is_sound: false,
        }
    }

    /// Whether the file that is open is no longer at its path, and what is there instead.
    pub(super) fn loss(&self) -> Option<FileLoss> {
        self.db.as_ref()?;
        match location::identity(&self.path) {
            None => Some(FileLoss::Deleted),
            now if now != self.identity => Some(FileLoss::Replaced),
            _ => None,
        }
    }

    /// Stops to use a file that is lost, and sets aside what is in its place. What is pending is read from it when the next
    /// one is opened.
    pub(super) fn lose(&mut self, loss: FileLoss, now: Timestamp) {
        self.checkpointer = None;
        let Some(db) = self.db.take() else { return };
        let aside = match loss {
            FileLoss::Replaced => location::set_aside(&self.path, "replaced", now).ok(),
            FileLoss::Deleted => location::remove_log(&self.path).ok().and(None),
        };
        self.is_sound = false;
        self.lost = Some(LostFile { db, loss, aside });
    }

    /// Copies what is pending from a file that was lost into `db`; gives what became of the file.
    pub(super) fn carry_pending(
        &mut self,
        db: &mut Connection,
        next: NextIds,
        now: Timestamp,
    ) -> rusqlite::Result<Option<(FileLoss, Option<PathBuf>)>> {
        let Some(lost) = &self.lost else { return Ok(None) };
        match loss::carry(&lost.db, db, next) {
            // What cannot be read is no reason to keep all that happens from here on in memory.
            Err(_) if !loss::is_readable(&lost.db) => {}
            other => other?,
        }
        loss::record(db, now, &lost.loss.to_string(), lost.aside.as_deref())?;
        Ok(self.lost.take().map(|lost| (lost.loss, lost.aside)))
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
                let aside = location::set_aside(&self.path, "damaged", self.started_at)
                    .map_err(|error| StoreError::location(&self.path, error))?;
                location::prepare(&self.path)?;
                let db = self.open_sound(outcome)?;
                let why = format!("its file was damaged: {found}");
                loss::record(&db, self.started_at, &why, Some(&aside))
                    .map_err(|error| StoreError::sqlite(&self.path, error))?;
                outcome.set_aside = Some((aside, found));
                Ok(db)
            }
            other => other,
        }
    }

    pub(super) fn attach(&mut self, db: Connection) {
        self.db = Some(db);
        self.checkpointer = Some(Checkpointer::start(self.path.clone()));
    }

    /// Has the next commit begin the log anew, if it is long.
    pub(super) fn begin_log_anew(&self) -> rusqlite::Result<()> {
        match (&self.checkpointer, &self.db) {
            (Some(checkpointer), Some(db)) => checkpointer.begin_anew(db),
            _ => Ok(()),
        }
    }

    /// Keeps the log short enough for a journal of `size` bytes.
    pub(super) fn set_size(&self, size: u64) {
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.set_size(size);
        }
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
        let mut db = schema::open(&self.path)?;
        self.identity = location::identity(&self.path);
        let failed = |error| StoreError::sqlite(&self.path, error);
        if !schema::ended_cleanly(&db).map_err(failed)? {
            outcome.unclean = true;
            let is_large = location::size(&self.path) > LARGEST_CHECKED;
            let is_whole = is_large && schema::ran_since_boot(&db).map_err(failed)?;
            // While the daemon waits for a full disk, a large file is not read through every second.
            if !self.is_sound
                && !is_whole
                && let Some(found) = schema::quick_check(&db).map_err(failed)?
            {
                return Err(StoreError::Damaged { path: self.path.clone(), found });
            }
        }
        self.is_sound = true;
        staging::merge_left(&mut db).map_err(failed)?;
        schema::begin_run(&db, self.started_at.as_millisecond()).map_err(failed)?;
        Ok(db)
    }
}
