//! The journal, open to be written.

use std::{
    path::Path,
    sync::mpsc::{self, Sender},
    thread::{self, JoinHandle},
};

use jiff::Timestamp;

use super::{
    error::StoreError,
    report::{OpenOutcome, StoreReport},
    retention::RetentionPolicy,
    write::StoreWrite,
    writer::{Writer, WriterMessage},
};

/// The journal, open to be written. Dropping it without [`Store::close`] leaves it as a killed process would.
#[derive(Debug)]
pub struct Store {
    inbox: Sender<WriterMessage>,
    thread: JoinHandle<()>,
}

impl Store {
    /// Opens the journal at `path`, or creates it. `report` is called from another thread.
    ///
    /// # Errors
    /// It must not be used: another process uses it, it is not one of ours, or it is on a network file system.
    /// A disk that cannot be written is no error but [`OpenOutcome::trouble`].
    pub fn open(
        path: &Path,
        now: Timestamp,
        report: impl FnMut(StoreReport) + Send + 'static,
    ) -> Result<(Self, OpenOutcome), StoreError> {
        let mut writer = Writer::new(path, now, Box::new(report));
        let outcome = writer.open()?;
        let (inbox, messages) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&messages))
            .map_err(|error| StoreError::location(path, error))?;
        Ok((Self { inbox, thread }, outcome))
    }

    /// Queues something to be written; returns at once.
    pub fn write(&self, write: StoreWrite) {
        // A writer that is gone has reported why.
        let _ = self.inbox.send(WriterMessage::Write(write));
    }

    /// Removes a batch of what `policy` no longer keeps; [`StoreReport::Swept`] says whether there is more.
    pub fn sweep(&self, policy: RetentionPolicy, now: Timestamp) {
        let _ = self.inbox.send(WriterMessage::Sweep(policy, now));
    }

    /// Whether the writer's thread has ended, by an internal error.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.thread.is_finished()
    }

    /// Writes what is left and ends in an orderly way. It waits for the disk.
    pub fn close(self, now: Timestamp) {
        let _ = self.inbox.send(WriterMessage::Close(now));
        let _ = self.thread.join();
    }
}
