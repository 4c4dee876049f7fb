//! Shared connections for those who read the journal now and then.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{super::error::StoreError, connection::StoreReader, staged::StagedWriter};

/// How many connections are kept open.
const KEPT: usize = 4;

/// Connections that only read, opened as they are needed. Clones share them. Reading waits for the disk.
#[derive(Clone, Debug)]
pub struct StoreReaders(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    writer: Option<StagedWriter>,
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    file: File,
    reader: StoreReader,
}

/// Which file a path leads to: a journal that was set aside is no longer read.
type File = Option<(u64, u64)>;

impl StoreReaders {
    /// StoreReaders of the journal at `path`, which need not be there yet. Under load, what was committed last is found
    /// about a second later; those of [`Store::readers`](crate::Store::readers) find it at once.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(Arc::new(Inner { path: path.to_owned(), writer: None, idle: Mutex::default() }))
    }

    pub(in super::super) fn of_writer(path: &Path, writer: StagedWriter) -> Self {
        Self(Arc::new(Inner { path: path.to_owned(), writer: Some(writer), idle: Mutex::default() }))
    }

    /// Where the journal is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The result of `read` on a connection.
    ///
    /// # Errors
    /// There is no journal, or it cannot be read.
    pub fn read<T>(&self, read: impl FnOnce(&StoreReader) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        if let Some(writer) = &self.0.writer {
            writer.merge();
        }
        let path = self.path();
        let file = fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
        let reader = match self.take(file) {
            Some(reader) => reader,
            None => StoreReader::open(path)?,
        };
        // A connection that fails is not kept: the file may be another by now.
        let found = read(&reader).map_err(|error| StoreError::sqlite(path, error))?;
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(Idle { file, reader });
        }
        Ok(found)
    }

    /// Opens the file once more at the next read.
    pub fn reopen(&self) {
        self.idle().clear();
    }

    fn take(&self, file: File) -> Option<StoreReader> {
        let mut idle = self.idle();
        while let Some(open) = idle.pop() {
            if open.file == file && file.is_some() {
                return Some(open.reader);
            }
        }
        None
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
