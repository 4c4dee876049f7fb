//! The journal, as requests read it.

use std::{path::Path, sync::Arc};

use ringwire_outbox::{
    CommandReceipt, OperatorCommand, StoreError, StoreReader, StoreReaders, submit_commands,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::problem::Problem;

/// How many read, or give orders, at once. The disk is the daemon's first; an order waits until it is taken up.
const AT_ONCE: usize = 4;

/// Reads the journal off the tasks that must not wait.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    readers: StoreReaders,
    reading: Arc<Semaphore>,
    ordering: Arc<Semaphore>,
}

impl Journal {
    pub(crate) fn new(path: &Path) -> Self {
        let turns = || Arc::new(Semaphore::new(AT_ONCE));
        Self { readers: StoreReaders::new(path), reading: turns(), ordering: turns() }
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
        read: impl FnOnce(&StoreReader) -> Result<T, StoredWrongly> + Send + 'static,
    ) -> Result<T, Problem> {
        let readers = self.readers.clone();
        in_turn(&self.reading, move || readers.read(read)).await
    }

    /// Leaves an order for the daemon.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(crate) async fn order(
        &self,
        wanted: OperatorCommand,
        now: jiff::Timestamp,
    ) -> Result<CommandReceipt, Problem> {
        let path = self.path().to_owned();
        in_turn(&self.ordering, move || submit_commands(&path, &[wanted], now)).await
    }
}

async fn in_turn<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let turn = Arc::clone(turns).acquire_owned().await;
    // The turn ends with the work, even if nobody waits for it any more.
    let done = spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    match done.await {
        Ok(found) => found.map_err(Problem::from),
        Err(error) => Err(Problem::no_answer(format!("the journal was not read: {error}"))),
    }
}

/// What SQLite says is wrong.
pub(crate) type StoredWrongly = rusqlite::Error;
