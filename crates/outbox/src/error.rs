//! Why the journal cannot be used.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::loss::FileLoss;

/// Why the journal cannot be used. [`StoreError::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its directory cannot be created or reached.
    #[error("{}: {source}", path.display())]
    Location {
        /// Which file or directory.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// SQLite's locks do not work on a network file system, and a journal there would be damaged.
    #[error("{}: is on a network file system ({kind}), where the journal would be damaged", path.display())]
    Network {
        /// Where it was to be.
        path: PathBuf,
        /// Which file system that is.
        kind: &'static str,
    },
    /// Another daemon uses it.
    #[error("{}: is in use by another ringwire", path.display())]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{}: is not a journal of ringwire", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer release has written it.
    #[error("{}: was written by a newer release (schema version {version}, this release knows {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        version: usize,
        /// The newest schema version that this release knows.
        known: usize,
    },
    /// It has no tables yet.
    #[error("{}: contains no journal yet; the daemon creates it when it starts", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// SQLite cannot read or write it.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The file was deleted or replaced while it was open.
    #[error("{}: the journal is lost: {loss}", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// What became of it.
        loss: FileLoss,
    },
    /// The file is damaged.
    #[error("{} is damaged: {found}", path.display())]
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

    pub(super) fn location(path: &Path, source: std::io::Error) -> Self {
        Self::Location { path: path.to_owned(), source }
    }

    /// Whether it lasts until somebody changes the configuration: a full disk may be freed, but another program's file
    /// stays that program's.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Network { .. } | Self::Locked { .. } | Self::Foreign { .. } | Self::Newer { .. } => true,
            Self::Location { .. }
            | Self::Empty { .. }
            | Self::Sqlite { .. }
            | Self::Lost { .. }
            | Self::Damaged { .. } => false,
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Sqlite { source, .. } => match source.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => "free space on the disk; the daemon then continues by itself",
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                    "make the file and its directory writable for the daemon's user; the daemon then continues by itself"
                }
                Some(ErrorCode::SystemIoFailure) => "check the disk (dmesg, smartctl)",
                _ => "run ringwire check to see where the journal is",
            },
            Self::Location { .. } => {
                "create the directory, writable for the daemon's user, on a disk with free space; the daemon then continues by itself"
            }
            Self::Damaged { .. } => {
                "the daemon sets it aside and creates a new one; sqlite3 FILE .recover may read the old one"
            }
            Self::Lost { .. } => {
                "the daemon begins a new one with what is still to be delivered; stop it before you move its journal"
            }
            Self::Locked { .. } => "stop the other one, or set another journal.path for this one",
            Self::Network { .. } => "set journal.path to a file on a local disk",
            Self::Foreign { .. } => "set journal.path to another file",
            Self::Newer { .. } => "install that release, or set journal.path to another file",
            Self::Empty { .. } => "start the daemon, or name the right configuration with --config",
        }
    }
}

/// Whether SQLite found the file itself to be broken.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
