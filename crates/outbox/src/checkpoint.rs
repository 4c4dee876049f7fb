//! Checkpoints: moving the write-ahead log into the file, in parallel to the writer, and beginning it anew.
//!
//! SQLite would do it within a commit of the writer, which then waits for the disk a second time. A connection of its own
//! moves almost all of the log while the writer goes on. But as long as the writer writes, something is left in the log,
//! which then grows for ever: so when it is long, the writer moves the last pages between two commits, and the next one
//! begins at the start of the log.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;

use super::{location, schema};

/// How often the log is checked.
const INTERVAL: Duration = Duration::from_millis(250);

/// The size of a page, in bytes, as SQLite creates the file.
const PAGE: u64 = 4096;

/// How long the log may become until it is begun anew, in pages: 32 MiB. What is written while it is moved comes on top.
const LONGEST: u64 = 8192;

/// The least of that, for a journal that is to be small.
const SHORTEST: u64 = 512;

/// The thread that moves the log; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Checkpointer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<SharedLog>,
}

/// What the thread and the writer know of the log.
#[derive(Debug)]
struct SharedLog {
    /// From so many pages on it is begun anew.
    limit: AtomicI64,
    /// Almost all of a long log was moved: the writer is to move the rest.
    is_long: AtomicBool,
}

impl Checkpointer {
    /// Starts to checkpoint the journal at `path`.
    pub(super) fn start(path: PathBuf) -> Self {
        let (stop, stopped) = mpsc::channel();
        let (limit, is_long) = (AtomicI64::new(pages(u64::MAX)), AtomicBool::new(false));
        let shared = Arc::new(SharedLog { limit, is_long });
        let log = Arc::clone(&shared);
        // Were it opened later, the path could lead to another file by then, into which SQLite would move this one's log.
        let file = location::identity(&path);
        let open = move || {
            let is_the_same = || location::identity(&path) == file;
            is_the_same().then(|| schema::open_as_is(&path).ok()).flatten().map(|(db, _)| db)
        };
        let mut db = open();
        let work = move || {
            let mut last = 0;
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                // A failure is retried on a new connection; the writer reports what is wrong with the disk.
                db = db.take().or_else(&open).filter(|db| move_log(db, &mut last, &log).is_ok());
            }
        };
        let thread = thread::Builder::new().name("checkpoint".to_owned()).spawn(work).ok();
        Self { stop: Some(stop), thread, shared }
    }

    /// Keeps the log short enough for a journal of `size` bytes.
    pub(super) fn set_size(&self, size: u64) {
        self.shared.limit.store(pages(size), Ordering::Relaxed);
    }

    /// Has the next commit begin the log anew, if it is long. To be called between two commits.
    pub(super) fn begin_anew(&self, db: &Connection) -> rusqlite::Result<()> {
        if self.shared.is_long.swap(false, Ordering::AcqRel) {
            // A reader that still needs the log is not waited for: the thread asks again.
            checkpoint(db, "PASSIVE")?;
        }
        Ok(())
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// How many pages the log of a journal of `size` bytes may have.
fn pages(size: u64) -> i64 {
    i64::try_from((size / PAGE / 8).clamp(SHORTEST, LONGEST)).unwrap_or(i64::MAX)
}

/// Moves the log if half of what it may have is to be moved, or if nothing was written since the `last` check.
fn move_log(db: &Connection, last: &mut i64, log: &SharedLog) -> rusqlite::Result<()> {
    let limit = log.limit.load(Ordering::Relaxed);
    let (written, moved) = checkpoint(db, "NOOP")?;
    let waiting = written - moved;
    let quiet = std::mem::replace(last, written) == written;
    if waiting > limit / 2 || quiet && waiting > 0 {
        checkpoint(db, "PASSIVE")?;
    }
    if written > limit {
        log.is_long.store(true, Ordering::Release);
    }
    Ok(())
}

/// Checkpoints; gives how many pages are in the log, and how many of them were moved.
fn checkpoint(db: &Connection, how: &str) -> rusqlite::Result<(i64, i64)> {
    db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| Ok((row.get(1)?, row.get(2)?)))
}
