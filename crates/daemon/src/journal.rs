//! The journal, as the daemon's tasks use it.

use anyhow::anyhow;
use ringwire_live::{EventEmitter, JournalEvent};
use ringwire_outbox::{
    RecoveredState, Store, StoreError, StoreReader, StoreReaders, StoreReport, StoreWrite,
};
use ringwire_terminal::{Code, Failure};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::spawn_blocking};

use super::clock::Clock;

/// The journal that is open: what is to be written goes in, and what became of it comes out.
pub(crate) struct Journal {
    store: Store,
    reports: mpsc::UnboundedReceiver<StoreReport>,
    reader: JournalReader,
    settings: ringwire_config::Journal,
    /// Whether it could not be written when it was opened.
    failing: bool,
    emitter: EventEmitter,
    /// Where it is, if it is for this process only.
    _home: Option<TempDir>,
}

/// Reads the journal, off the tasks that must not wait. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct JournalReader(StoreReaders);

impl Journal {
    /// Opens the journal, and recovers the state of an earlier process from it.
    ///
    /// # Errors
    /// It must not be used. A disk that cannot be written is no error: it is reported, and waited for.
    pub(crate) async fn open(
        settings: ringwire_config::Journal,
        clock: &Clock,
        emitter: EventEmitter,
    ) -> Result<(Self, RecoveredState), Failure> {
        let (report, reports) = mpsc::unbounded_channel();
        let (path, now) = (settings.path.clone(), clock.now());
        let opened = spawn_blocking(move || {
            Store::open(&path, now, move |message| {
                // Nobody listens any more when the daemon ends.
                let _ = report.send(message);
            })
        });
        let (store, opened) = opened.await.map_err(panicked)?.map_err(unusable)?;
        if let Some((aside, found)) = &opened.set_aside {
            let aside = aside.display().to_string();
            emitter.emit(JournalEvent::SetAside { aside: &aside, found });
        } else if opened.unclean {
            emitter.emit(JournalEvent::CheckedSound);
        }
        let reader = JournalReader(store.readers());
        if let Some(error) = &opened.trouble {
            emitter.emit(JournalEvent::Failing { error: &error.to_string(), hint: error.hint() });
        }
        // A disk that is full can still be read.
        let recovered = reader.read(StoreReader::recovered_state).await.unwrap_or_else(|error| {
            emitter.emit(JournalEvent::RecoveryFailed { error: &error });
            RecoveredState::default()
        });
        let failing = opened.trouble.is_some();
        Ok((Self { store, reports, reader, settings, failing, emitter, _home: None }, recovered))
    }

    /// A journal for this process only.
    ///
    /// # Errors
    /// There is no place for it.
    pub(crate) async fn temporary(clock: &Clock, emitter: EventEmitter) -> Result<Self, Failure> {
        let home = tempfile::Builder::new().prefix("ringwire-").tempdir()?;
        let settings = ringwire_config::Journal::at(home.path().join("journal.db"));
        let (journal, _) = Self::open(settings, clock, emitter).await?;
        Ok(Self { _home: Some(home), ..journal })
    }

    /// Whether it could not be written when it was opened.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing
    }

    /// Queues a write.
    pub(crate) fn write(&self, write: StoreWrite) {
        self.store.write(write);
    }

    /// Removes some of what is past its retention.
    pub(crate) fn sweep(&self, clock: &Clock) {
        self.store.sweep(self.settings.retention.clone(), clock.now());
    }

    /// The next report of the journal; `None` when its thread panicked.
    pub(crate) async fn report(&mut self) -> Option<StoreReport> {
        self.reports.recv().await
    }

    /// Keeps things for as long as `settings` say from here on. The file stays the one that is open.
    pub(crate) fn set_retention(&mut self, settings: ringwire_config::Journal) {
        if settings.path != self.settings.path {
            self.emitter.emit(JournalEvent::PathChangeIgnored);
        }
        self.settings.retention = settings.retention;
    }

    /// Connections to read it with.
    pub(crate) fn readers(&self) -> StoreReaders {
        self.store.readers()
    }

    /// To read the journal with.
    pub(crate) fn reader(&self) -> JournalReader {
        self.reader.clone()
    }

    /// Writes what is left, and ends in an orderly way.
    pub(crate) async fn close(self, clock: &Clock) {
        let now = clock.now();
        let Self { store, emitter, _home, .. } = self;
        if let Err(error) = spawn_blocking(move || store.close(now)).await {
            emitter.emit(JournalEvent::NotClosed { error: &error.to_string() });
        }
    }
}

impl JournalReader {
    /// What `read` finds.
    ///
    /// # Errors
    /// Why the journal cannot be read.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&StoreReader) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let readers = self.0.clone();
        let found = spawn_blocking(move || readers.read(read).map_err(|error| error.to_string()));
        found.await.map_err(|error| error.to_string())?
    }

    /// Opens the file anew at the next reading.
    pub(crate) fn reopen(&self) {
        self.0.reopen();
    }
}

fn unusable(error: StoreError) -> Failure {
    let code = if error.is_permanent() { Code::Config } else { Code::Unavailable };
    let hint = error.hint();
    Failure::new(code, anyhow!(error)).hint(hint)
}

fn panicked(error: tokio::task::JoinError) -> Failure {
    Failure::new(Code::Software, error)
}
