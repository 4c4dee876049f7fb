//! The journal, open to be written.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::AtomicBool,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
};

use jiff::Timestamp;

use super::{
    error::StoreError,
    reader::{StagedWriter, StoreReaders},
    report::{OpenOutcome, StoreReport},
    retention::RetentionPolicy,
    write::StoreWrite,
    writer::{Writer, WriterMessage},
};

/// The journal, open to be written. Dropping it without [`Store::close`] leaves it as a killed process would.
#[derive(Debug)]
pub struct Store {
    inbox: Arc<Sender<WriterMessage>>,
    path: PathBuf,
    has_staged: Arc<AtomicBool>,
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
        let has_staged = writer.has_staged();
        let (inbox, messages) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&messages))
            .map_err(|error| StoreError::location(path, error))?;
        Ok((Self { inbox: Arc::new(inbox), path: path.to_owned(), has_staged, thread }, outcome))
    }

    /// Queues something to be written; returns at once.
    pub fn write(&self, write: StoreWrite) {
        // A writer that is gone has reported why.
        let _ = self.inbox.send(WriterMessage::Write(write));
    }

    /// Connections that read the journal, and find everything in it that was reported as committed.
    #[must_use]
    pub fn readers(&self) -> StoreReaders {
        StoreReaders::of_writer(
            &self.path,
            StagedWriter::new(Arc::downgrade(&self.inbox), Arc::clone(&self.has_staged)),
        )
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
