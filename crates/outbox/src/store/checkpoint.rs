//! Moving what is in the write-ahead log into the file, beside the writer.
//!
//! SQLite would do it within a commit of the writer, which then waits for the disk a second time. On a connection
//! of its own it holds nobody up.

use std::{
    path::PathBuf,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;

use super::{place, schema};

/// How often there is something to move.
const EVERY: Duration = Duration::from_millis(500);

/// A log that is larger than this, in bytes, is begun anew as soon as all of it is moved. The writer waits for
/// that, so it is done seldom.
const LARGE: u64 = 64 << 20;

/// The thread that moves; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Checkpointer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Begins to move what is written into the journal at `path`.
    pub(super) fn start(path: PathBuf) -> Self {
        let (stop, stopped) = mpsc::channel();
        let work = move || {
            let mut db: Option<Connection> = None;
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let open = db.take().or_else(|| schema::open(&path).ok());
                // What fails now is tried again, on a new connection; the writer says what is wrong with the disk.
                db = open.filter(|db| {
                    let how = if place::log_size(&path) > LARGE { "TRUNCATE" } else { "PASSIVE" };
                    db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(())).is_ok()
                });
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
