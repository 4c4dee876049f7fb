//! Checkpoints: moving the write-ahead log into the file, in parallel to the writer.
//!
//! SQLite would do it within a commit of the writer, which then waits for the disk a second time. On a connection
//! of its own it blocks nobody.

use std::{
    path::PathBuf,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;

use super::schema;

/// How often the log is checked.
const INTERVAL: Duration = Duration::from_millis(500);

/// This many pages of 4 KiB are moved even while more are written. The disk serves both then, so that is done rarely;
/// the last pages are moved when nothing is written.
const LONG_LOG: i64 = 16_384;

/// The thread that moves them; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Checkpointer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts to checkpoint the journal at `path`.
    pub(super) fn start(path: PathBuf) -> Self {
        let (stop, stopped) = mpsc::channel();
        let work = move || {
            let (mut db, mut last): (Option<Connection>, i64) = (None, 0);
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let open = db.take().or_else(|| schema::open(&path).ok());
                // A failure is retried on a new connection; the writer reports what is wrong with the disk.
                db = open.filter(|db| checkpoint(db, &mut last).is_ok());
            }
        };
        let thread = thread::Builder::new().name("checkpoint".to_owned()).spawn(work).ok();
        Self { stop: Some(stop), thread }
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

/// Moves the log if it is long, or if nothing was written since the `last` check.
fn checkpoint(db: &Connection, last: &mut i64) -> rusqlite::Result<()> {
    let pages = |how: &str| {
        db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
    };
    let (written, moved) = pages("NOOP")?;
    let waiting = written - moved;
    let quiet = std::mem::replace(last, written) == written;
    if waiting > LONG_LOG || quiet && waiting > 0 {
        pages("PASSIVE")?;
    }
    Ok(())
}
