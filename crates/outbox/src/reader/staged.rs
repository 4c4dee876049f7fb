//! What the writer has staged, for readers of the same process.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Sender},
    },
    time::Duration,
};

use super::super::writer::WriterMessage;

/// How long to wait for the writer; it may be waiting for the disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// The writer of the journal, which may have committed what is in no table yet.
#[derive(Debug)]
pub(in super::super) struct StagedWriter {
    /// It does not keep a writer alive that is to end.
    inbox: Weak<Sender<WriterMessage>>,
    has_staged: Arc<AtomicBool>,
}

impl StagedWriter {
    pub(in super::super) fn new(inbox: Weak<Sender<WriterMessage>>, has_staged: Arc<AtomicBool>) -> Self {
        Self { inbox, has_staged }
    }

    /// Waits until what is staged now can be read.
    pub(super) fn merge(&self) {
        if !self.has_staged.load(Ordering::Acquire) {
            return;
        }
        let Some(inbox) = self.inbox.upgrade() else { return };
        let (done, merged) = mpsc::channel();
        if inbox.send(WriterMessage::Merge(done)).is_ok() {
            // A disk that cannot be written is no reason not to read.
            let _ = merged.recv_timeout(PATIENCE);
        }
    }
}
