//! The journal's file, its disk and its content.

use std::path::PathBuf;

use jiff::Timestamp;
use ringwire_outbox::{DeliveryTally, JournalCondition, JournalLoss, StoreError, TargetRecord};

use super::files::{FileStatus, SystemUser};

/// The facts about the journal.
#[derive(Debug)]
pub(crate) struct JournalFacts {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Whether a journal can be kept there.
    pub(crate) condition: Result<JournalCondition, StoreError>,
    /// The file and its nearest existing directory, as far as they exist.
    pub(crate) paths: Vec<(PathBuf, FileStatus)>,
    /// The user that the daemon runs as, if known.
    pub(crate) user: Option<SystemUser>,
    /// The disk that it is on.
    pub(crate) disk: Option<DiskSpace>,
    /// Its size, in bytes.
    pub(crate) size: u64,
    /// Its maximum size, in bytes.
    pub(crate) limit: u64,
    /// The damage that the integrity check found, if any, or why there was no check.
    pub(crate) integrity: Result<Option<String>, &'static str>,
    /// Its content.
    pub(crate) content: JournalContent,
    /// When the facts were gathered.
    pub(crate) now: Timestamp,
}

impl JournalFacts {
    /// Whether a daemon uses it.
    pub(crate) fn is_in_use(&self) -> bool {
        matches!(self.condition, Ok(JournalCondition::Writable { in_use: true }))
    }
}

/// The space on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DiskSpace {
    /// The space left for users other than root, in bytes.
    pub(crate) free: u64,
    /// Its size, in bytes.
    pub(crate) total: u64,
    /// Whether it is mounted read-only.
    pub(crate) is_read_only: bool,
}

/// The deliveries and targets in a journal.
#[derive(Clone, Debug, Default)]
pub(crate) struct JournalContent {
    /// Deliveries that are pending or failed, by target and state.
    pub(crate) tallies: Vec<DeliveryTally>,
    /// The recorded state of each target.
    pub(crate) targets: Vec<TargetRecord>,
    /// When and why it was begun anew last.
    pub(crate) loss: Option<JournalLoss>,
}
