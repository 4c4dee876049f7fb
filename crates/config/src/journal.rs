//! `[journal]`: where what happened is kept, and for how long.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use ringwire_outbox::RetentionPolicy;

use super::source::Environment;

/// Where what happened is kept, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The file.
    pub path: PathBuf,
    /// How long what is kept.
    pub retention: RetentionPolicy,
}

pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

impl Journal {
    /// Where the journal is unless told otherwise and not started by systemd.
    pub const PATH: &'static str = "/var/lib/ringwire/journal.db";

    /// How long calls are kept unless told otherwise, in days.
    pub const KEEP_DAYS: i64 = 90;

    /// How large the journal may be unless told otherwise, in MiB.
    pub const SIZE_MIB: i64 = 1024;

    /// Where the journal of a daemon without a configuration of its own would be.
    pub fn default_path() -> PathBuf {
        Self::in_state(&|name| std::env::var_os(name))
    }

    /// In systemd's `StateDirectory=`, or else at the usual place.
    pub(super) fn in_state(environment: Environment<'_>) -> PathBuf {
        environment("STATE_DIRECTORY")
            .map_or_else(|| PathBuf::from(Self::PATH), |state| Path::new(&state).join("journal.db"))
    }

    /// A journal at `path` that keeps what it keeps unless told otherwise.
    pub fn at(path: PathBuf) -> Self {
        let age = DAY * u32::try_from(Self::KEEP_DAYS).unwrap_or(u32::MAX);
        let size = u64::try_from(Self::SIZE_MIB << 20).unwrap_or(u64::MAX);
        Self { path, retention: RetentionPolicy { age, size, personal_data: None } }
    }
}
