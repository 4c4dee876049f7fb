//! Why the journal cannot be used.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the journal cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its directory cannot be made or reached.
    #[error("{}: {source}", path.display())]
    Place {
        /// Which file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// SQLite's locks do not hold on a network file system, and a journal there would be damaged.
    #[error("{}: is on a network file system ({kind}), where the journal would be damaged; put it on a local disk", path.display())]
    Network {
        /// Where it was to be.
        path: PathBuf,
        /// Which file system that is.
        kind: &'static str,
    },
    /// Another daemon writes it.
    #[error("{}: another ringwire has it; each needs a journal of its own", path.display())]
    Taken {
        /// The journal.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{}: is not a journal of ringwire; name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer release has written it.
    #[error("{}: was written by a newer release (tables {version}, this one knows {known}); install that, or name another file", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        version: usize,
        /// The newest version this release knows.
        known: usize,
    },
    /// There is nothing in it yet.
    #[error("{}: holds no journal yet; the daemon makes it when it starts", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// SQLite cannot read or write it.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file is damaged.
    #[error("{}: is damaged: {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found.
        found: String,
    },
}

impl StoreError {
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        if is_damage(&source) {
            Self::Damaged { path: path.to_owned(), found: source.to_string() }
        } else {
            Self::Sqlite { path: path.to_owned(), source }
        }
    }

    pub(super) fn place(path: &Path, source: std::io::Error) -> Self {
        Self::Place { path: path.to_owned(), source }
    }

    /// Whether it is a matter of the configuration, which time does not mend: a disk that is full may be freed,
    /// a journal that is another program's stays so.
    #[must_use]
    pub fn is_setting(&self) -> bool {
        match self {
            Self::Network { .. } | Self::Taken { .. } | Self::Foreign { .. } | Self::Newer { .. } => true,
            Self::Place { .. } | Self::Empty { .. } | Self::Sqlite { .. } | Self::Damaged { .. } => false,
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Sqlite { source, .. } => match source.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => "free space on its disk; the daemon goes on by itself",
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                    "make the file and its directory writable for the daemon's user; it goes on by itself"
                }
                Some(ErrorCode::SystemIoFailure) => "look at the disk (dmesg, smartctl)",
                _ => "ringwire check says where the journal is",
            },
            Self::Place { .. } => {
                "make the directory, writable for the daemon's user, on a disk with free space; it goes on by itself"
            }
            Self::Damaged { .. } => {
                "it is set aside and a new one is begun; sqlite3 FILE .recover may read the old one"
            }
            Self::Taken { .. } => "stop the other one, or give this one another journal.path",
            Self::Network { .. } | Self::Foreign { .. } | Self::Newer { .. } => {
                "set journal.path to another file"
            }
            Self::Empty { .. } => "start the daemon, or say --config for the right one",
        }
    }
}

/// Whether SQLite found the file itself to be broken.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
