//! The journal, as requests use it.

use std::{path::Path, sync::Arc};

use ringwire_outbox::{
    CommandReceipt, OperatorCommand, StoreError, StoreReader, StoreReaders, submit_commands,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::problem::Problem;

/// How many read, or give commands, at once. The disk is the daemon's first; a command waits until the daemon has it.
const CONCURRENCY: usize = 4;

/// Reads the journal on threads that may block.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    readers: StoreReaders,
    reading: Arc<Semaphore>,
    commanding: Arc<Semaphore>,
}

impl Journal {
    pub(crate) fn new(readers: StoreReaders) -> Self {
        let turns = || Arc::new(Semaphore::new(CONCURRENCY));
        Self { readers, reading: turns(), commanding: turns() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.readers.path()
    }

    /// What `read` finds.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&StoreReader) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let readers = self.readers.clone();
        in_turn(&self.reading, move || readers.read(read)).await
    }

    /// Leaves a command for the daemon.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(crate) async fn leave_command(
        &self,
        command: OperatorCommand,
        now: jiff::Timestamp,
    ) -> Result<CommandReceipt, Problem> {
        let path = self.path().to_owned();
        in_turn(&self.commanding, move || submit_commands(&path, &[command], now)).await
    }
}

async fn in_turn<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let turn = Arc::clone(turns).acquire_owned().await;
    // The turn ends with the work, even if the client is gone.
    let done = spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    match done.await {
        Ok(found) => found.map_err(Problem::from),
        Err(error) => Err(Problem::no_answer(format!("reading the journal failed: {error}"))),
    }
}
